"""The application's WSGI object, whose metrics Prometheus may ask for by a pod's address.

It sends that address as Host and no X-Forwarded-Proto, which a strict ALLOWED_HOSTS answers with 400 and SECURE_SSL_REDIRECT with 301. The
metrics' path alone gets the headers that the probes send; every other path is the application's as it was.
"""

import os

from gunicorn.util import import_app

PATH = os.environ["PLATFORM_METRICS_PATH"]
# As gunicorn hands on a request that came with these headers.
HEADERS = {
    "HTTP_HOST": os.environ["PLATFORM_METRICS_HOST"],
    "HTTP_X_FORWARDED_PROTO": os.environ["PLATFORM_METRICS_PROTO"],
    "wsgi.url_scheme": os.environ["PLATFORM_METRICS_PROTO"],
}

wrapped = import_app(os.environ["PLATFORM_WSGI_APPLICATION"])


def application(environ, start_response):
    return wrapped({**environ, **HEADERS} if environ["PATH_INFO"] == PATH else environ, start_response)
