"""An account in memory, asked as AWS is: two rows a page, whatever more is asked for, in AWS's own XML."""

import json
from html import escape
from urllib.parse import quote

import pytest

from levada import Response
from levada.testing import ConnectorBench
from levada_aws import connector

ACCOUNT = "210987654321"
PAGE = 2
ROWS = {
    "DescribeVpcs": "vpcSet", "DescribeSubnets": "subnetSet", "DescribeSecurityGroups": "securityGroupInfo",
    "DescribeInstances": "reservationSet", "DescribeRegions": "regionInfo",
}  # fmt: skip


def xml(name, content, item="item"):
    """Return an element of a mapping, a list or a value."""
    if isinstance(content, dict):
        inner = "".join(xml(key, value, item) for key, value in content.items())
    elif isinstance(content, list):
        inner = "".join(xml(item, one, item) for one in content)
    else:
        inner = escape(str(content))
    return f"<{name}>{inner}</{name}>"


def answer(name, content, item="item", status=200):
    body = xml(name, content, item).replace(f"<{name}>", f'<{name} xmlns="http://aws.test/{name}">', 1)
    return Response(status, {"Content-Type": "text/xml"}, body.encode())


class Account:
    """`regions` holds rows by region and action, `identity` the pages of IAM, `denied` codes by region or action."""

    def __init__(self):
        self.regions = {"eu-west-1": {}, "us-east-1": {}}
        self.listed = [{"regionName": name, "optInStatus": "opt-in-not-required"} for name in self.regions]
        self.identity = []
        self.aliases = []
        self.buckets = {}
        self.functions = []
        self.denied = {}
        self.number = ACCOUNT

    def script(self):
        found = {"/": self.ask, "/2015-03-31/functions/": self.list_functions}
        return found | {f"/{name}": self.ask_bucket for name in self.buckets}

    def bench(self, **settings):
        return ConnectorBench(connector, http=self.script(), settings=settings)

    def ask(self, sent):
        region, _, service = sent.headers["Levada-AWS-Scope"].partition("/")
        action = sent.params.get("Action", "ListBuckets")
        code = self.denied.get(region) or self.denied.get(action)
        if code is not None:
            return answer("Response", {"Errors": {"Error": {"Code": code, "Message": "Not <allowed>."}}}, status=403)
        if service == "sts":
            return answer("GetCallerIdentityResponse", {"GetCallerIdentityResult": {"Account": self.number}})
        if service == "iam":
            return self.ask_iam(action, sent)
        if service == "s3":
            return self.list_buckets(sent)
        rows = self.listed if action == "DescribeRegions" else self.regions[region].get(action, [])
        start = int(sent.params.get("NextToken") or 0)
        more = {"nextToken": start + PAGE} if start + PAGE < len(rows) and action != "DescribeRegions" else {}
        shown = rows if action == "DescribeRegions" else rows[start : start + PAGE]
        return answer(f"{action}Response", {ROWS[action]: shown, **more})

    def ask_iam(self, action, sent):
        if action == "ListAccountAliases":
            result = {"AccountAliases": self.aliases}
        else:
            place = int(sent.params.get("Marker") or 0)
            page = self.identity[place] if self.identity else {}
            last = place + 1 >= len(self.identity)
            result = {**page, "IsTruncated": str(not last).lower(), **({} if last else {"Marker": place + 1})}
        return answer(f"{action}Response", {f"{action}Result": result}, "member")

    def list_buckets(self, sent):
        names = sorted(self.buckets)
        start = int(sent.params.get("continuation-token") or 0)
        rows = [{"Name": name, "CreationDate": "2026-01-01T00:00:00.000Z"} for name in names[start : start + PAGE]]
        more = {"ContinuationToken": start + PAGE} if start + PAGE < len(names) else {}
        return answer("ListAllMyBucketsResult", {"Buckets": rows, **more}, "Bucket")

    def ask_bucket(self, sent):
        bucket = self.buckets[sent.path[1:]]
        (what,) = sent.params
        if what == "location":
            return answer("LocationConstraint", bucket.get("region", ""))
        kept = bucket.get(what)
        if kept in (None, "denied"):
            code, status = ("AccessDenied", 403) if kept else ("NoSuchConfiguration", 404)
            return answer("Error", {"Code": code}, status=status)
        return answer("Configuration", kept)

    def list_functions(self, sent):
        if "lambda" in self.denied:
            status, kind = self.denied["lambda"]
            return Response(status, {"x-amzn-ErrorType": f"{kind}:http://x"}, json.dumps({"message": "No."}).encode())
        region = sent.headers["Levada-AWS-Scope"].partition("/")[0]
        rows = [one for one in self.functions if region in one["FunctionArn"]]
        start = int(sent.params.get("Marker") or 0)
        more = {"NextMarker": str(start + PAGE)} if start + PAGE < len(rows) else {"NextMarker": None}
        return {"Functions": rows[start : start + PAGE], **more}

    def network(self, region="eu-west-1", instances=3):
        """Fill a region with a network in which things run."""
        web = {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "ipRanges": [{"cidrIp": "0.0.0.0/0"}]}
        data = {"ipProtocol": "tcp", "fromPort": 5000, "toPort": 5432, "groups": [{"groupId": "sg-web"}]}
        self.regions[region] = {
            "DescribeVpcs": [
                {"vpcId": "vpc-1", "ownerId": self.number, "state": "available", "isDefault": "false",
                 "cidrBlock": "10.0.0.0/16", "tagSet": [{"key": "Name", "value": "main"}]},
                {"vpcId": "vpc-shared", "ownerId": "999999999999", "state": "available", "cidrBlock": "10.9.0.0/16"},
            ],
            "DescribeSubnets": [
                {"subnetId": f"subnet-{number}", "vpcId": "vpc-1", "ownerId": self.number, "state": "available",
                 "availableIpAddressCount": 100 - number, "mapPublicIpOnLaunch": "true"}
                for number in range(3)
            ] + [{"subnetId": "subnet-shared", "vpcId": "vpc-shared", "ownerId": "999999999999"}],
            "DescribeSecurityGroups": [
                {"groupId": "sg-data", "groupName": "data", "vpcId": "vpc-1", "ownerId": self.number,
                 "ipPermissions": [data, {**data, "ipProtocol": "-1"}], "ipPermissionsEgress": [{"ipProtocol": "-1"}]},
                {"groupId": "sg-web", "groupName": "web", "vpcId": "vpc-1", "ownerId": self.number,
                 "ipPermissions": [web]},
            ],
            "DescribeInstances": [
                {"ownerId": self.number, "instancesSet": [self.instance(f"i-{number}")]} for number in range(instances)
            ],
        }  # fmt: skip

    def instance(self, name, state="running", **more):
        row = {
            "instanceId": name, "instanceState": {"code": 16, "name": state}, "instanceType": "t3.micro",
            "subnetId": "subnet-0", "groupSet": [{"groupId": "sg-web"}], "privateIpAddress": "10.0.0.7",
            "iamInstanceProfile": {"arn": f"arn:aws:iam::{self.number}:instance-profile/workers"},
            "tagSet": [{"key": "Name", "value": f"web {name}"}, {"key": "env", "value": "prod & more"}],
        }  # fmt: skip
        return row | more

    def people(self):
        """Fill IAM with two pages of somebody who may do something."""
        trust = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": ["lambda.amazonaws.com"], "AWS": self.arn("user/ada")}},
            {"Effect": "Deny", "Principal": {"AWS": "*"}},
        ]}  # fmt: skip
        allowed = {"Statement": {"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"}}
        attached = [{"PolicyName": "reading", "PolicyArn": self.arn("policy/reading")}]
        of_aws = [{"PolicyName": "ReadOnlyAccess", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]
        self.identity = [
            {"UserDetailList": [
                {"Arn": self.arn("user/ada"), "UserName": "ada", "UserId": "AIDA1", "Path": "/",
                 "GroupList": ["admins"], "AttachedManagedPolicies": attached + of_aws,
                 "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": "{}"}]}]},
            {"GroupDetailList": [{"Arn": self.arn("group/admins"), "GroupName": "admins", "GroupId": "AGPA1",
                                  "AttachedManagedPolicies": of_aws}],
             "RoleDetailList": [
                {"Arn": self.arn("role/worker"), "RoleName": "worker", "RoleId": "AROA1",
                 "AssumeRolePolicyDocument": quote(json.dumps(trust)), "AttachedManagedPolicies": attached,
                 "InstanceProfileList": [{"Arn": self.arn("instance-profile/workers"),
                                          "InstanceProfileName": "workers"}],
                 "Tags": [{"Key": "team", "Value": "data"}]}],
             "Policies": [
                {"Arn": self.arn("policy/reading"), "PolicyName": "reading", "DefaultVersionId": "v2",
                 "PolicyVersionList": [
                    {"VersionId": "v2", "IsDefaultVersion": "true", "Document": quote(json.dumps(allowed))},
                    {"VersionId": "v1", "IsDefaultVersion": "false", "Document": "%7B%7D"}]}]},
        ]  # fmt: skip

    def arn(self, resource):
        return f"arn:aws:iam::{self.number}:{resource}"

    def fill(self):
        """Fill everything."""
        self.network()
        self.people()
        self.aliases = ["acme-prod"]
        blocked = dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), "true"
        )
        self.buckets = {
            "kept": {"region": "eu-west-1", "versioning": {"Status": "Enabled"}, "publicAccessBlock": blocked},
            "open.example": {"region": "EU", "publicAccessBlock": {**blocked, "BlockPublicPolicy": "false"}},
            "secretive": {"versioning": "denied", "encryption": "denied", "publicAccessBlock": "denied"},
        }
        self.functions = [
            {
                "FunctionArn": f"arn:aws:lambda:eu-west-1:{self.number}:function:f{number}",
                "FunctionName": f"f{number}",
                "Role": self.arn("role/worker"),
                "Environment": {"Variables": {"PASSWORD": "hunter2"}},
                "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-web"]},
            }
            for number in range(3)
        ]
        return self


@pytest.fixture
def cloud():
    """An account in which there is something of everything."""
    return Account().fill()
