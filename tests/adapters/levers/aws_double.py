"""AWS on this machine: moto's server, made to refuse keys that are inactive, as AWS does and moto doesn't."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import boto3
import httpx
from botocore.exceptions import ClientError
from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from andon.domain.containment import Verb

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SESSION: Final = boto3.session.Session()
ACCOUNT: Final = "123456789012"
REGION: Final = "us-east-1"
INACTIVE: Final = (
    b'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
    b"<Code>InvalidClientTokenId</Code><Message>The security token included in the request is invalid"
    b"</Message></Error><RequestId>r</RequestId></ErrorResponse>"
)


@dataclass
class Aws:
    """One account: who runs it, who guards it, and the AI system that has a key in it."""

    url: str
    admin: str = ""
    app_key: str = ""
    app: str = ""
    weak: str = ""
    policy_arn: str = ""
    asked: list[str] = field(default_factory=list)
    broken: Callable[[str], int | None] = field(default=lambda _: None)

    @property
    def place(self) -> str:
        return self.url.removeprefix("http://")

    def client(self, service: Any, credentials: str) -> Any:
        key, secret, *token = credentials.split(":")
        return SESSION.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token[0] if token else None,
        )

    def serve(self, app: Any) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
        def served(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            found = re.search(r"Credential=([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
            key = found.group(1) if found else ""
            self.asked.append(key)
            status = self.broken(key)
            if status is not None:
                start(f"{status} Broken", [("Content-Length", "0")])
                return [b""]
            if key in self._inactive():
                start("403 Forbidden", [("Content-Type", "text/xml")])
                return [INACTIVE]
            answer: Iterable[bytes] = app(environ, start)
            return answer

        return served

    def _inactive(self) -> set[str]:
        users = iam_backends[ACCOUNT]["aws"].users.values()
        return {key.access_key_id for user in users for key in user.access_keys if key.status != "Active"}

    def settle(self) -> None:
        """Make the account, then have every call signed and allowed by a policy."""
        iam = self.client("iam", "root:root")
        self.admin = self._user(iam, "guard", {"Effect": "Allow", "Action": "*", "Resource": "*"})
        self.app = self._user(iam, "desk", {"Effect": "Allow", "Action": "*", "Resource": "*"})
        self.weak = self._user(iam, "weak", {"Effect": "Allow", "Action": "iam:List*", "Resource": "*"})
        self.app_key = self.app.split(":")[0]
        trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        iam.create_role(RoleName="desk", AssumeRolePolicyDocument=_document(trust))
        iam.put_role_policy(
            RoleName="desk",
            PolicyName="work",
            PolicyDocument=_document({"Effect": "Allow", "Action": "*", "Resource": "*"}),
        )
        denial = _document({"Effect": "Deny", "Action": "s3:*", "Resource": "*"})
        self.policy_arn = iam.create_policy(PolicyName="no-files", PolicyDocument=denial)["Policy"]["Arn"]
        self.client("s3", "root:root").create_bucket(Bucket="files")
        httpx.post(f"{self.url}/moto-api/reset-auth", content=b"0").raise_for_status()

    def free(self) -> None:
        """Let the AI system work, as before anything held it."""
        iam = self.client("iam", self.admin)
        iam.update_access_key(UserName="desk", AccessKeyId=self.app_key, Status="Active")
        for attached in iam.list_attached_user_policies(UserName="desk")["AttachedPolicies"]:
            iam.detach_user_policy(UserName="desk", PolicyArn=attached["PolicyArn"])
        for name in iam.list_role_policies(RoleName="desk")["PolicyNames"]:
            if name != "work":
                iam.delete_role_policy(RoleName="desk", PolicyName=name)

    def stop_key(self) -> None:
        """Set the AI system's key inactive, past Andon."""
        iam = self.client("iam", self.admin)
        iam.update_access_key(UserName="desk", AccessKeyId=self.app_key, Status="Inactive")

    def session(self) -> str:
        """Return credentials of a session of the AI system's role."""
        role = f"arn:aws:iam::{ACCOUNT}:role/desk"
        made = self.client("sts", self.app).assume_role(RoleArn=role, RoleSessionName="one")["Credentials"]
        return f"{made['AccessKeyId']}:{made['SecretAccessKey']}:{made['SessionToken']}"

    def refuses(self, credentials: str, verb: Verb) -> bool:
        """Whether the account refuses what a verb is to stop."""
        try:
            if verb is Verb.REVOKE_CREDENTIAL:
                self.client("sts", credentials).get_caller_identity()
            else:
                self.client("s3", credentials).list_objects_v2(Bucket="files")
        except ClientError:
            return True
        return False

    def _user(self, iam: Any, name: str, statement: dict[str, Any]) -> str:
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="work", PolicyDocument=_document(statement))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return f"{key['AccessKeyId']}:{key['SecretAccessKey']}"


@contextmanager
def aws_account() -> Iterator[Aws]:
    """Serve a fresh account on a free port."""
    aws = Aws(url="")
    server = make_server("127.0.0.1", 0, aws.serve(DomainDispatcherApplication(create_backend_app)), True)
    aws.url = f"http://127.0.0.1:{server.port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        httpx.post(f"{aws.url}/moto-api/reset-auth", content=b"inf").raise_for_status()
        httpx.post(f"{aws.url}/moto-api/reset").raise_for_status()
        aws.settle()
        yield aws
    finally:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()


def _document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
