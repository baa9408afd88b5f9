"""An AWX in memory behind HTTP. It knows the fields of AWX's API and rejects all others, and applies the rules that AWX has for them."""

from __future__ import annotations

import contextlib
import http.server
import json
import re
import threading
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parents[3]
ENDPOINTS: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("awx_fields.yml").read_text())
DEFAULTS: dict[str, Any] = {"str": "", "bool": False, "int": 0, "dict": {}, "id": None, "str_or_null": None}
TYPES: dict[str, type] = {"str": str, "bool": bool, "int": int, "dict": dict, "id": int, "str_or_null": str}
# The endpoint of the object that a field or a relation names, where it is not the plural of the field.
TARGETS = {
    "default_environment": "execution_environments",
    "inventory": "inventories",
    "source_project": "projects",
    "galaxy_credentials": "credentials",
    **dict.fromkeys(("success_nodes", "failure_nodes", "always_nodes"), "workflow_job_template_nodes"),
    **{f"notification_templates_{event}": "notification_templates" for event in ("started", "success", "error", "approvals")},
}
UNIFIED = ("job_templates", "projects", "inventory_sources", "workflow_job_templates", "workflow_approval_templates")
# Types of the questions of a survey, with the type of a default.
QUESTIONS: dict[str, type] = dict.fromkeys(("text", "textarea", "password", "multiplechoice", "multiselect"), str) | {
    "integer": int,
    "float": float,
}
ENCRYPTED = "$encrypted$"
BEARER_TOKEN: dict[str, Any] = {
    "name": "OpenShift or Kubernetes API Bearer Token",
    "kind": "kubernetes",
    "inputs": {"fields": [{"id": "host"}, {"id": "bearer_token", "secret": True}, {"id": "verify_ssl"}, {"id": "ssl_ca_cert"}]},
}

GALAXY: dict[str, Any] = {"name": "Ansible Galaxy/Automation Hub API Token", "kind": "galaxy"}


class RejectedError(Exception):
    """A response with an error."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(str(body))
        self.status, self.body = status, body


class Request(NamedTuple):
    """A request that the server got."""

    method: str
    path: str
    body: Any


def playbooks() -> set[str]:
    """The playbooks that AWX offers for the repository."""
    return {str(path.relative_to(ROOT)) for path in (ROOT / "site.yml", *(ROOT / "playbooks").glob("*.yml"))}


class Awx:
    """The state, and what each request does to it."""

    def __init__(self, token: str, playbooks: set[str]) -> None:
        self.token = token
        self.playbooks = playbooks
        self.requests: list[Request] = []
        self.objects: dict[str, dict[int, dict[str, Any]]] = {endpoint: {} for endpoint in ENDPOINTS}
        self.related: dict[tuple[int, str], list[int]] = {}
        self.surveys: dict[int, dict[str, Any]] = {}
        self._last = 0
        self._create("credential_types", BEARER_TOKEN)
        galaxy = self._create("credential_types", GALAXY)
        self._create("credentials", {"name": "Ansible Galaxy", "credential_type": galaxy["id"]})

    # What tests read and prepare

    def named(self, endpoint: str, name: str) -> dict[str, Any]:
        [found] = [each for each in self.objects[endpoint].values() if name in (each.get("name"), each.get("identifier"))]
        return found

    def names(self, endpoint: str) -> list[str]:
        return sorted(each.get("name") or each["identifier"] for each in self.objects[endpoint].values())

    def relation(self, endpoint: str, name: str, relation: str) -> list[str]:
        ids = self.related.get((self.named(endpoint, name)["id"], relation), [])
        return [self.objects[target(relation)][each].get("name") or self.objects[target(relation)][each]["identifier"] for each in ids]

    def add_credential(self, name: str) -> None:
        """What an administrator creates in AWX."""
        self._create("credentials", {"name": name, "credential_type": self.named("credential_types", BEARER_TOKEN["name"])["id"]})

    @property
    def writes(self) -> list[Request]:
        return [each for each in self.requests if each.method != "GET"]

    # Requests

    def respond(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        self.requests.append(Request(method, path, body))
        parts = path.removeprefix("/api/v2/").strip("/").split("/")
        match (method, *parts):
            case ("GET", "project_updates", _):
                return 200, {"status": "successful"}
            case ("GET", "unified_job_templates"):
                return self._list([(each, one) for each in UNIFIED for one in self.objects[each].values()], query)
            case ("GET", endpoint) if endpoint in ENDPOINTS:
                return self._list([(endpoint, one) for one in self.objects[endpoint].values()], query)
            case ("POST", endpoint) if endpoint in ENDPOINTS and endpoint != "workflow_approval_templates":
                return 201, self._shown(endpoint, self._create(endpoint, body))
            case ("GET", endpoint, number) if endpoint in ENDPOINTS:
                return 200, self._shown(endpoint, self._one(endpoint, number))
            case ("PATCH", endpoint, number) if endpoint in ENDPOINTS:
                return 200, self._shown(endpoint, self._update(endpoint, self._one(endpoint, number), body))
            case (_, ("job_templates" | "workflow_job_templates") as endpoint, number, "survey_spec"):
                return self._survey(method, self._one(endpoint, number)["id"], body)
            case ("POST", "workflow_job_template_nodes", number, "create_approval_template"):
                node = self._one("workflow_job_template_nodes", number)
                created = self._create("workflow_approval_templates", body)
                node["unified_job_template"] = created["id"]
                return 201, self._shown("workflow_approval_templates", created)
            case (_, endpoint, number, relation) if relation in ENDPOINTS.get(endpoint, {}).get("relations", ()):
                return self._relation(method, endpoint, self._one(endpoint, number)["id"], relation, body)
        raise RejectedError(404, {"detail": "The requested resource could not be found."})

    def _one(self, endpoint: str, number: str) -> dict[str, Any]:
        if not number.isdecimal() or int(number) not in self.objects[endpoint]:
            raise RejectedError(404, {"detail": "Not found."})
        return self.objects[endpoint][int(number)]

    def _list(self, candidates: list[tuple[str, dict[str, Any]]], query: dict[str, str]) -> tuple[int, Any]:
        shown = [self._shown(endpoint, one) for endpoint, one in candidates]
        if shown and (unknown := [key for key in query if not any(key in one for one in shown)]):
            raise RejectedError(400, {"detail": f"{unknown[0]} is not a field."})
        found = [one for one in shown if all(str(one.get(key)) == value for key, value in query.items())]
        return 200, {"count": len(found), "next": None, "previous": None, "results": found}

    def _create(self, endpoint: str, body: dict[str, Any]) -> dict[str, Any]:
        if missing := [field for field in ENDPOINTS[endpoint]["required"] if field not in body]:
            raise RejectedError(400, {missing[0]: ["This field is required."]})
        new = {field: DEFAULTS[kind] for field, kind in ENDPOINTS[endpoint]["fields"].items()}
        new |= {"scm_revision": "0" * 40} if endpoint == "projects" else {}
        self._last += 1
        own = {"id": self._last, **new}
        self._update(endpoint, own, body)
        if any(self._key(each) == self._key(own) for each in self.objects[endpoint].values()) and "name" in own:
            raise RejectedError(400, {"__all__": [f"{own['name']} already exists."]})
        self.objects[endpoint][own["id"]] = own
        return own

    @staticmethod
    def _key(one: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(one.get(field) for field in ("name", "organization", "inventory", "unified_job_template", "id"))[:4]

    def _update(self, endpoint: str, one: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        fields = ENDPOINTS[endpoint]["fields"]
        body = {key: value for key, value in body.items() if key not in ENDPOINTS[endpoint].get("read_only", ())}
        for key, value in body.items():
            if key not in fields:
                raise RejectedError(400, {key: ["This is not a field of AWX."]})
            is_null = value is None and DEFAULTS[fields[key]] is None
            if not is_null and type(value) is not TYPES[fields[key]]:
                raise RejectedError(400, {key: [f"Not a valid {fields[key]}: {value!r}."]})
            if fields[key] == "id" and value is not None:
                self._require(key, value)
        one.update(body)
        self._check(endpoint, one)
        return one

    def _require(self, field: str, number: int) -> None:
        known = UNIFIED if field == "unified_job_template" else (target(field),)
        if not any(number in self.objects[endpoint] for endpoint in known):
            raise RejectedError(400, {field: [f'Invalid pk "{number}" - object does not exist.']})

    def _check(self, endpoint: str, one: dict[str, Any]) -> None:
        if endpoint == "job_templates":
            one["organization"] = self.objects["projects"][one["project"]]["organization"]
            if one["playbook"] not in self.playbooks:
                raise RejectedError(400, {"playbook": ["Playbook not found for project."]})
            json.loads(one["extra_vars"] or "{}")
        if endpoint == "schedules":
            if wrong := rule_problems(one["rrule"]):
                raise RejectedError(400, {"rrule": wrong})
            questions = self.surveys.get(one["unified_job_template"], {}).get("spec", [])
            if needed := [each["variable"] for each in questions if each["required"] and each.get("default") in (None, "")]:
                raise RejectedError(400, {"variables_needed_to_start": [f"'{needed[0]}' value missing"]})

    def _relation(self, method: str, endpoint: str, number: int, relation: str, body: Any) -> tuple[int, Any]:
        ids = self.related.setdefault((number, relation), [])
        if method == "GET":
            return self._list([(target(relation), self.objects[target(relation)][each]) for each in ids], {})
        if body.get("disassociate"):
            ids.remove(body["id"])
            return 204, None
        if body["id"] not in self.objects[target(relation)]:
            raise RejectedError(400, {"detail": f"{relation} has no object {body['id']}."})
        if relation == "credentials":
            kinds = [self.objects["credentials"][each]["credential_type"] for each in (*ids, body["id"])]
            if len(set(kinds)) < len(kinds):
                raise RejectedError(400, {"detail": "Cannot assign multiple credentials of one type."})
        if endpoint == "workflow_job_template_nodes" and body["id"] in self._following(body["id"], number):
            raise RejectedError(400, {"detail": "Cycle detected."})
        ids.append(body["id"])
        return 204, None

    def _following(self, start: int, goal: int) -> set[int]:
        """The start, if the goal follows it or is in another relation with it."""
        reached, waiting = set[int](), [start]
        while waiting:
            each = waiting.pop()
            reached.add(each)
            waiting += [n for kind in ("success_nodes", "failure_nodes", "always_nodes") for n in self.related.get((each, kind), [])]
        twice = any(start in self.related.get((goal, kind), []) for kind in ("success_nodes", "failure_nodes", "always_nodes"))
        return {start} if goal in reached or twice else set()

    def _survey(self, method: str, number: int, body: Any) -> tuple[int, Any]:
        if method == "POST":
            self.surveys[number] = checked_survey(body)
        if method == "DELETE":
            self.surveys.pop(number, None)
        return 200, self.surveys.get(number, {}) if method == "GET" else {}

    def _shown(self, endpoint: str, one: dict[str, Any]) -> dict[str, Any]:
        number, kind = one["id"], ENDPOINTS[endpoint]["type"]
        url = f"/api/v2/{endpoint}/{number}/"
        related = {relation: f"{url}{relation}/" for relation in (*ENDPOINTS[endpoint].get("relations", ()), "survey_spec")}
        summary: dict[str, Any] = {}
        if endpoint == "projects":
            summary["current_update"] = {"id": 1}
        if endpoint == "workflow_job_template_nodes" and one["unified_job_template"]:
            [found] = [each for each in UNIFIED if one["unified_job_template"] in self.objects[each]]
            related["unified_job_template"] = f"/api/v2/{found}/{one['unified_job_template']}/"
        return {
            **one,
            **self._hidden(endpoint, one),
            "type": kind,
            "url": url,
            "related": related,
            "summary_fields": summary,
            "managed": False,
        }

    def _hidden(self, endpoint: str, one: dict[str, Any]) -> dict[str, Any]:
        if endpoint == "credentials":
            fields = self.objects["credential_types"][one["credential_type"]]["inputs"].get("fields", [])
            secret = {field["id"] for field in fields if field.get("secret")}
            return {"inputs": {key: ENCRYPTED if key in secret else value for key, value in one["inputs"].items()}}
        if endpoint == "notification_templates":
            settings = one["notification_configuration"]
            return {"notification_configuration": {k: ENCRYPTED if k in ("password", "token") and v else v for k, v in settings.items()}}
        return {}


def target(field: str) -> str:
    """The endpoint of the objects that a field or a relation names."""
    return TARGETS.get(field) or (field if field in ENDPOINTS else f"{field}s")


def rule_problems(rule: str) -> list[str]:
    """Why AWX rejects the rule of a schedule: SchedulePreviewSerializer in awx/api/serializers.py."""
    starts, repeats = re.findall(r"DTSTART(?:;[^:]+)?:\d+T\d+Z?", rule), re.findall(r"RULE:\S*", rule)
    problems = {
        "Valid DTSTART required in rrule.": not starts,
        "DTSTART cannot be a naive datetime.": bool(re.search(r"DTSTART:\d+T\d+ ", rule)),
        "Multiple DTSTART is not supported.": len(starts) > 1,
        "One or more rule required in rrule.": not repeats,
        "EXDATE and RDATE not allowed in rrule.": bool(re.search("(EX|R)DATE:", rule)),
        "INTERVAL required in rrule.": any("INTERVAL" not in each for each in repeats),
        "FREQ required in rrule.": any("FREQ=" not in each for each in repeats),
        "SECONDLY is not supported.": "SECONDLY" in rule,
        "BYDAY with numeric prefix not supported.": bool(re.search(r"BYDAY[:=]\d", rule)),
        "RRULE may not contain both COUNT and UNTIL.": any("COUNT" in each and "UNTIL" in each for each in repeats),
    }
    return [problem for problem, holds in problems.items() if holds]


def checked_survey(spec: dict[str, Any]) -> dict[str, Any]:
    """What AWX stores of a survey, or its rejection."""
    for key, kind in (("name", str), ("description", str), ("spec", list)):
        if not isinstance(spec.get(key), kind):
            raise RejectedError(400, {"error": f"Expected {kind.__name__} for field '{key}'."})
    variables = [each.get("variable") for each in spec["spec"]]
    if not variables or len(set(variables)) < len(variables):
        raise RejectedError(400, {"error": "A survey needs questions, and each a variable of its own."})
    for question in spec["spec"]:
        wrong = question_problem(question)
        if wrong:
            raise RejectedError(400, {"error": f"{question.get('variable')}: {wrong}"})
    return spec


def question_problem(question: dict[str, Any]) -> str:
    """Why AWX rejects a question."""
    for key, kind in (("type", str), ("question_name", str), ("variable", str), ("required", bool)):
        if not isinstance(question.get(key), kind):
            return f"'{key}' expected to be {kind.__name__}"
    if question["type"] not in QUESTIONS:
        return f"{question['type']} is no type of a question"
    if question.get("default", "") != "" and type(question["default"]) is not QUESTIONS[question["type"]]:
        return f"default expected to be {QUESTIONS[question['type']].__name__}"
    if any(not isinstance(question.get(key, 0), int) for key in ("min", "max")):
        return "limit expected to be an integer"
    if question["type"] in ("multiplechoice", "multiselect"):
        if "choices" not in question:
            return "must specify choices"
        if any(each not in question["choices"] for each in question.get("default", "").splitlines()):
            return "Default choice must be answered from the choices listed"
    return ""


@contextlib.contextmanager
def serving(awx: Awx) -> Iterator[str]:
    """Serve an AWX, and yield its URL."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or "null")
            url = urllib.parse.urlparse(self.path)
            try:
                if self.headers.get("Authorization") != f"Bearer {awx.token}":
                    raise RejectedError(401, {"detail": "Authentication credentials were not provided."})
                status, content = awx.respond(self.command, url.path, dict(urllib.parse.parse_qsl(url.query)), body)
            except RejectedError as rejected:
                status, content = rejected.status, rejected.body
            data = b"" if content is None else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("X-API-Product-Name", "AWX")
            self.send_header("X-API-Product-Version", "24.6.1")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - http.server looks for these names

        def log_message(self, *_arguments: Any) -> None:
            """Log nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
