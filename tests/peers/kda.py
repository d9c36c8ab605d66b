"""What no emulator has: Kinesis Data Analytics for SQL, version 1 of its API, and a CloudFormation that makes its applications.

Serves on a free port of loopback, prints it, and ends when stdin does. Requests are held to the service's own model, which
botocore ships; answers have the documented shapes. GET /calls tells what was asked, in order.
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import botocore.session
import yaml
from botocore.validate import ParamValidator

MODEL = botocore.session.get_session().get_service_model("kinesisanalytics")
APPLICATION = "AWS::KinesisAnalytics::Application"

calls, stacks, applications = [], {}, {}


class Refused(Exception):
    pass


def sts(_):
    return "<Account>111122223333</Account><Arn>arn:aws:iam::111122223333:user/dev</Arn><UserId>U</UserId>"


def stack_of(form):
    name = form["StackName"].split("/")[1] if form["StackName"].startswith("arn:") else form["StackName"]
    if name not in stacks:
        raise Refused("ValidationError", f"Stack with id {name} does not exist")
    return stacks[name]


def members(form, prefix, key, value):
    index = 1
    while f"{prefix}.member.{index}.{key}" in form:
        yield form[f"{prefix}.member.{index}.{key}"], form[f"{prefix}.member.{index}.{value}"]
        index += 1


def event(stack, logical, kind, status):
    stack["events"].insert(0, (len(stack["events"]), logical, kind, status))


def create_change_set(form):
    name = form["StackName"]
    new = form["ChangeSetType"] == "CREATE"
    if new:
        stacks[name] = {"name": name, "status": "REVIEW_IN_PROGRESS", "events": [], "resources": {}, "template": ""}
    stack = stack_of(form)
    stack["tags"] = list(members(form, "Tags", "Key", "Value"))
    stack["proposed"] = form["TemplateBody"]
    return "<Id>arn:aws:cloudformation:us-east-1:1:changeSet/x/1</Id>"


def describe_change_set(form):
    stack = stack_of(form)
    head = f"<StackId>arn:aws:cloudformation:us-east-1:1:stack/{stack['name']}/1</StackId><ChangeSetId>set</ChangeSetId>"
    if stack["proposed"] == stack["template"]:
        reason = "The submitted information didn't contain changes."
        return f"{head}<Status>FAILED</Status><StatusReason>{reason}</StatusReason>"
    changes = "".join(
        f"<member><Type>Resource</Type><ResourceChange><Action>{'Modify' if logical in stack['resources'] else 'Add'}</Action>"
        f"<LogicalResourceId>{logical}</LogicalResourceId><ResourceType>{resource['Type']}</ResourceType>"
        f"</ResourceChange></member>"
        for logical, resource in yaml.safe_load(stack["proposed"])["Resources"].items()
    )
    return f"{head}<Status>CREATE_COMPLETE</Status><Changes>{changes}</Changes>"


def execute_change_set(form):
    # The stack is named by its id.
    stack = stack_of(form)
    stack["template"] = stack["proposed"]
    resources = yaml.safe_load(stack["template"])["Resources"]
    for logical, resource in resources.items():
        event(stack, logical, resource["Type"], "CREATE_COMPLETE")
        if resource["Type"] == APPLICATION:
            name = resource["Properties"]["ApplicationName"]
            applications.setdefault(name, {"status": "READY", "position": None})
            applications[name]["code"] = resource["Properties"]["ApplicationCode"]
    stack["resources"] = resources
    stack["status"] = "CREATE_COMPLETE" if stack["status"] == "REVIEW_IN_PROGRESS" else "UPDATE_COMPLETE"
    return ""


def describe_stacks(form):
    stack = stack_of(form)
    tags = "".join(f"<member><Key>{key}</Key><Value>{value}</Value></member>" for key, value in stack["tags"])
    return (
        f"<Stacks><member><StackId>arn:aws:cloudformation:us-east-1:1:stack/{stack['name']}/1</StackId>"
        f"<StackName>{stack['name']}</StackName><StackStatus>{stack['status']}</StackStatus>"
        f"<CreationTime>2026-01-01T00:00:00Z</CreationTime><Tags>{tags}</Tags></member></Stacks>"
    )


def describe_stack_events(form):
    listed = "".join(
        f"<member><StackId>s</StackId><StackName>s</StackName><EventId>{number}</EventId>"
        f"<LogicalResourceId>{logical}</LogicalResourceId><ResourceType>{kind}</ResourceType>"
        f"<ResourceStatus>{status}</ResourceStatus><Timestamp>2026-01-01T00:00:00Z</Timestamp></member>"
        for number, logical, kind, status in stack_of(form)["events"]
    )
    return f"<StackEvents>{listed}</StackEvents>"


def delete_stack(form):
    stack = stack_of(form)
    for resource in stack["resources"].values():
        if resource["Type"] == APPLICATION:
            applications.pop(resource["Properties"]["ApplicationName"])
    del stacks[stack["name"]]
    return ""


QUERY = {
    "GetCallerIdentity": sts,
    "CreateChangeSet": create_change_set,
    "DescribeChangeSet": describe_change_set,
    "DeleteChangeSet": lambda _: "",
    "ExecuteChangeSet": execute_change_set,
    "DescribeStacks": describe_stacks,
    "DescribeStackEvents": describe_stack_events,
    "DeleteStack": delete_stack,
    "GetTemplate": lambda form: f"<TemplateBody><![CDATA[{stack_of(form)['template']}]]></TemplateBody>",
}


def application(request):
    name = request["ApplicationName"]
    if name not in applications:
        raise Refused("ResourceNotFoundException", f"Application {name} not found")
    return applications[name]


def describe_application(request):
    found = application(request)
    position = {"InputStartingPosition": found["position"]} if found["position"] else {}
    described = {"InputId": "1.1", "NamePrefix": "SOURCE_SQL_STREAM", "InputStartingPositionConfiguration": position}
    return {
        "ApplicationDetail": {
            "ApplicationName": request["ApplicationName"],
            "ApplicationARN": "arn:aws:kinesisanalytics:us-east-1:111122223333:application/x",
            "ApplicationStatus": found["status"],
            "ApplicationVersionId": 1,
            "ApplicationCode": found["code"],
            "InputDescriptions": [described],
        }
    }


def move(request, before, after):
    found = application(request)
    if found["status"] != before:
        raise Refused("ResourceInUseException", f"Application is {found['status']}")
    found["status"] = after
    for configured in request.get("InputConfigurations", []):
        found["position"] = configured["InputStartingPositionConfiguration"]["InputStartingPosition"]
    return {}


JSON = {
    "DescribeApplication": describe_application,
    "StartApplication": lambda request: move(request, "READY", "RUNNING"),
    "StopApplication": lambda request: move(request, "RUNNING", "READY"),
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, kind):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200, json.dumps(calls).encode(), "application/json")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        target = self.headers.get("X-Amz-Target")
        if target:
            prefix, operation = target.split(".")
            request = json.loads(body)
            calls.append([operation, request])
            try:
                if operation == "DescribeStreamSummary":
                    raise Refused("ResourceNotFoundException", "There are no streams here.")
                assert prefix == MODEL.metadata["targetPrefix"], prefix
                report = ParamValidator().validate(request, MODEL.operation_model(operation).input_shape)
                if report.has_errors():
                    raise Refused("InvalidArgumentException", report.generate_report())
                self.answer(200, json.dumps(JSON[operation](request)).encode(), "application/x-amz-json-1.1")
            except Refused as refused:
                code, message = refused.args
                body = json.dumps({"__type": code, "message": message}).encode()
                self.answer(400, body, "application/x-amz-json-1.1")
            return
        form = {key: values[0] for key, values in parse_qs(body.decode()).items()}
        operation = form["Action"]
        calls.append([operation, {}])
        try:
            result = QUERY[operation](form)
            text = f"<{operation}Response><{operation}Result>{result}</{operation}Result></{operation}Response>"
            self.answer(200, text.encode(), "text/xml")
        except Refused as refused:
            code, message = refused.args
            text = f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
            self.answer(400, text.encode(), "text/xml")


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
