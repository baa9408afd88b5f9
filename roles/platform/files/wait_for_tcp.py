"""Wait until HOST:PORT accepts a TCP connection; arguments: NAME HOST PORT SECONDS."""

import socket
import sys
import time

name, host, port, seconds = sys.argv[1:5]
deadline = time.monotonic() + float(seconds)
print(f"waiting up to {seconds} s for {name} at {host}:{port}", flush=True)
while True:
    try:
        socket.create_connection((host, int(port)), timeout=3).close()
    except OSError as error:
        if time.monotonic() >= deadline:
            sys.exit(f"{name} at {host}:{port} did not answer within {seconds} s: {error}")
        print(f"{name} at {host}:{port} does not answer yet: {error}", flush=True)
        time.sleep(1)
    else:
        print(f"{name} at {host}:{port} answers", flush=True)
        break
