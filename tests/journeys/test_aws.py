"""The connector for AWS against moto's server: a stateful imitation that others wrote, as a process of its own.

It is told to let nobody in without a signature that botocore makes, too, and a policy that allows what is asked.
"""

import io
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from contextlib import contextmanager

import boto3
import pytest
from botocore.config import Config

from levada_runtime.daemon.installation import Installation

pytestmark = pytest.mark.journey

ACCOUNT = "123456789012"
REGIONS = ("eu-west-1", "us-east-1")
STREAMS = ("network", "identity", "buckets", "functions")
OVER = {"succeeded", "partial", "failed"}
SESSION = boto3.Session(region_name=REGIONS[0])
READING = [
    "ec2:Describe*", "iam:GetAccountAuthorizationDetails", "iam:ListAccountAliases", "lambda:ListFunctions",
    "s3:ListAllMyBuckets", "s3:GetBucket*", "s3:GetEncryptionConfiguration", "s3:GetPublicAccessBlock",
]  # fmt: skip
TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


class Cloud:
    """An account at moto, used through AWS's own library as any client would."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}"
        self.clients = {}

    def __call__(self, service, region=REGIONS[0]):
        if (service, region) not in self.clients:
            how = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
            self.clients[service, region] = SESSION.client(
                service, region_name=region, endpoint_url=self.url, config=how,
                aws_access_key_id="anybody", aws_secret_access_key="anything",
            )  # fmt: skip
        return self.clients[service, region]

    def key_for(self, user, actions):
        """Create a user who may do what is listed, and return its key."""
        self("iam").create_user(UserName=user)
        self.allow(user, actions)
        made = self("iam").create_access_key(UserName=user)["AccessKey"]
        return {"aws_access_key_id": made["AccessKeyId"], "aws_secret_access_key": made["SecretAccessKey"]}

    def allow(self, user, actions):
        self("iam").put_user_policy(UserName=user, PolicyName="may", PolicyDocument=policy(actions))

    @contextmanager
    def locked(self):
        """Let nobody in here without a signature and a right; outside, the test is anybody."""
        self._let_pass("0")
        try:
            yield
        finally:
            self._let_pass("inf")

    def _let_pass(self, requests):
        asked = urllib.request.Request(
            f"{self.url}/moto-api/reset-auth", requests.encode(), {"Content-Type": "text/plain"}
        )
        urllib.request.urlopen(asked, timeout=10).close()

    def network(self, region):
        """Create a VPC with a subnet and two security groups, of which one lets the other in; return their ids."""
        ec2 = self("ec2", region)
        vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16", TagSpecifications=named("vpc", "main"))["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.1.0/24")["Subnet"]["SubnetId"]
        web, data = (
            ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
            for name in ("web", "data")
        )
        port = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432}
        ec2.authorize_security_group_ingress(
            GroupId=data, IpPermissions=[{**port, "UserIdGroupPairs": [{"GroupId": web}]}]
        )
        return vpc, subnet, web, data

    def instance(self, region, name, subnet, group, **more):
        made = self("ec2", region).run_instances(
            ImageId="ami-12c6146b", InstanceType="t3.micro", MinCount=1, MaxCount=1, SubnetId=subnet,
            SecurityGroupIds=[group], TagSpecifications=named("instance", name), **more,
        )  # fmt: skip
        return made["Instances"][0]["InstanceId"]

    def function(self, name, role, subnet, group):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("it.py", "def does(event, context): return 1")
        return self("lambda").create_function(
            FunctionName=name, Runtime="python3.12", Role=role, Handler="it.does", Code={"ZipFile": packed.getvalue()},
            VpcConfig={"SubnetIds": [subnet], "SecurityGroupIds": [group]},
            Environment={"Variables": {"PASSWORD": "hunter2"}},
        )["FunctionArn"]  # fmt: skip

    def truth(self):
        """Return kind and key of everything that is there, asked by AWS's own library."""
        found = {("aws_account", ACCOUNT)}
        for region in REGIONS:
            ec2 = self("ec2", region)
            ids = {
                ("aws_vpc", "vpc"): [one["VpcId"] for one in ec2.describe_vpcs()["Vpcs"]],
                ("aws_subnet", "subnet"): [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]],
                ("aws_security_group", "security-group"): [
                    one["GroupId"] for one in ec2.describe_security_groups()["SecurityGroups"]
                ],
                ("aws_instance", "instance"): [
                    one["InstanceId"]
                    for reservation in ec2.describe_instances()["Reservations"]
                    for one in reservation["Instances"]
                    if one["State"]["Name"] != "terminated"
                ],
            }
            found |= {(kind, arn(region, f"{word}/{one}")) for (kind, word), every in ids.items() for one in every}
            listed = self("lambda", region).list_functions()["Functions"]
            found |= {("aws_function", one["FunctionArn"]) for one in listed}
        iam = self("iam")
        found |= {("aws_user", one["Arn"]) for one in iam.list_users()["Users"]}
        found |= {("aws_group", one["Arn"]) for one in iam.list_groups()["Groups"]}
        found |= {("aws_role", one["Arn"]) for one in iam.list_roles()["Roles"]}
        found |= {("aws_policy", one["Arn"]) for one in iam.list_policies(Scope="Local")["Policies"]}
        profiles = iam.list_instance_profiles()["InstanceProfiles"]
        found |= {("aws_instance_profile", one["Arn"]) for one in profiles}
        return found | {("aws_bucket", f"arn:aws:s3:::{one['Name']}") for one in self("s3").list_buckets()["Buckets"]}


def arn(region, resource):
    return f"arn:aws:ec2:{region}:{ACCOUNT}:{resource}"


def named(kind, name):
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}]


def policy(actions):
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@contextmanager
def moto():
    """Run moto's server on a free port until it is done with."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not _answers(port):
            assert process.poll() is None, "moto did not start"
            assert time.monotonic() < deadline, "moto does not answer"
            time.sleep(0.05)
        yield Cloud(port)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)


def _answers(port):
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/", timeout=10).close()
    except OSError:
        return False
    return True


@pytest.fixture
def cloud():
    with moto() as running:
        yield running


@pytest.fixture
def aws_site(cloud, site_class, tmp_path):
    """An installation with a connection to the account, by the key of a user who may only read."""
    key = cloud.key_for("levada", READING)
    env = {
        "LEVADA_BROKER__ALLOW_PRIVATE": json.dumps([cloud.url.removeprefix("http://")]),
        "KEY_ID": key["aws_access_key_id"],
        "KEY": key["aws_secret_access_key"],
        "ANOTHER": "another/secret+of/somebody+else",
    }
    site = site_class(tmp_path / "data", env)
    settings = ("--set", f"endpoint={cloud.url}", "--set", f"regions={','.join(REGIONS)}")
    secrets = ("--secret", "access_key_id=env:KEY_ID", "--secret", "secret_access_key=env:KEY")
    site.runtime("connections", "add", "aws", *settings, *secrets)
    site.hush()
    return site


@pytest.fixture
def poll(cloud, aws_site, wait_until):
    """Returns what has a running daemon poll streams, locked, and gives back the ids of runs by how each ended."""

    def polled(*streams):
        with cloud.locked():
            with Installation(aws_site.settings()) as installation:
                connection = installation.connections.get(installation.org, "aws")
                runs = [installation.queue.by_hand(connection, stream).id for stream in streams or STREAMS]
            wait_until(lambda: {aws_site.run_rows()[run][0] for run in runs} <= OVER, "the runs end")
        return {aws_site.run_rows()[run][0]: run for run in runs}

    return polled


def entities(site):
    """Return id, name and traits of what is in the graph, by kind and key."""
    rows = site.rows("SELECT kind, external_id, uid, display_name, traits FROM entities WHERE deleted_at IS NULL")
    return {(kind, key): (uid, name, json.loads(traits)) for kind, key, uid, name, traits in rows}


def relationships(site):
    """Return the relationships both of whose ends are there."""
    return set(
        site.rows(
            "SELECT f.kind, f.external_id, r.verb, t.kind, t.external_id FROM relationships r"
            " JOIN entities f ON f.org_id = r.org_id AND f.id = r.from_id AND f.deleted_at IS NULL"
            " JOIN entities t ON t.org_id = r.org_id AND t.id = r.to_id AND t.deleted_at IS NULL"
            " WHERE EXISTS (SELECT 1 FROM relationship_claims c WHERE c.org_id = r.org_id AND c.relationship_id = r.id)"
        )
    )


def test_what_is_in_the_account_is_in_the_graph_and_follows_what_happens_there(cloud, aws_site, poll):
    """What is created, changed and terminated at AWS is created, updated and deleted here, across two regions."""
    iam, ec2 = cloud("iam"), cloud("ec2")
    vpc, subnet, web, data = cloud.network("eu-west-1")
    _, far_subnet, far_web, _ = cloud.network("us-east-1")
    trust = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
    role = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.create_instance_profile(InstanceProfileName="workers")
    iam.add_role_to_instance_profile(InstanceProfileName="workers", RoleName="worker")
    reading = iam.create_policy(PolicyName="reading", PolicyDocument=policy("s3:Get*"))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="worker", PolicyArn=reading)
    ada = iam.create_user(UserName="ada")["User"]["Arn"]
    iam.create_group(GroupName="admins")
    iam.add_user_to_group(GroupName="admins", UserName="ada")
    iam.attach_user_policy(UserName="ada", PolicyArn=reading)
    first, second = (
        cloud.instance("eu-west-1", name, subnet, web, IamInstanceProfile={"Name": "workers"}) for name in ("a", "b")
    )
    cloud.instance("us-east-1", "far", far_subnet, far_web)
    resize = cloud.function("resize", role, subnet, web)
    cloud("s3").create_bucket(Bucket="kept", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    cloud("s3").put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    cloud("s3", "us-east-1").create_bucket(Bucket="dropped.example")
    daemon = aws_site.serve("--workers", "1")

    assert set(poll("functions", "network", "identity", "buckets")) == {"succeeded"}
    found = entities(aws_site)
    assert set(found) == cloud.truth()
    assert len([1 for kind, _ in found if kind == "aws_instance"]) == 3
    instance = ("aws_instance", arn("eu-west-1", f"instance/{first}"))
    assert found[instance][1] == "a"
    assert found[instance][2]["state"] == "running"
    assert found["aws_bucket", "arn:aws:s3:::kept"][2]["versioning"] == "Enabled"
    assert found["aws_bucket", "arn:aws:s3:::kept"][2]["region"] == "eu-west-1"
    assert found["aws_role", role][2]["trusted_services"] == ["lambda.amazonaws.com"]
    assert found["aws_policy", reading][1] == "reading"
    assert found["aws_policy", reading][2]["allows"] == ["s3:Get*"]
    assert "hunter2" not in str(found)
    profile, groups = f"arn:aws:iam::{ACCOUNT}:instance-profile/workers", ("aws_security_group", "security-group")
    assert relationships(aws_site) >= {
        ("aws_account", ACCOUNT, "HAS", "aws_vpc", arn("eu-west-1", f"vpc/{vpc}")),
        ("aws_vpc", arn("eu-west-1", f"vpc/{vpc}"), "CONTAINS", "aws_subnet", arn("eu-west-1", f"subnet/{subnet}")),
        ("aws_subnet", arn("eu-west-1", f"subnet/{subnet}"), "CONTAINS", *instance),
        (groups[0], arn("eu-west-1", f"{groups[1]}/{web}"), "PROTECTS", *instance),
        (groups[0], arn("eu-west-1", f"{groups[1]}/{data}"), "ALLOWS", groups[0],
         arn("eu-west-1", f"{groups[1]}/{web}")),
        (*instance, "USES", "aws_instance_profile", profile),
        ("aws_instance_profile", profile, "HAS", "aws_role", role),
        ("aws_user", ada, "ASSIGNED", "aws_policy", reading),
        ("aws_group", f"arn:aws:iam::{ACCOUNT}:group/admins", "HAS", "aws_user", ada),
        ("aws_function", resize, "USES", "aws_role", role),
        ("aws_subnet", arn("eu-west-1", f"subnet/{subnet}"), "CONTAINS", "aws_function", resize),
    }  # fmt: skip

    edges, events = relationships(aws_site), aws_site.rows("SELECT count(*) FROM events")
    assert set(poll()) == {"succeeded"}
    assert entities(aws_site) == found
    assert relationships(aws_site) == edges
    assert aws_site.rows("SELECT count(*) FROM events") == events, "what is unchanged makes no event"

    ec2.terminate_instances(InstanceIds=[second])
    ec2.stop_instances(InstanceIds=[first])
    ec2.create_tags(Resources=[first], Tags=[{"Key": "Name", "Value": "renamed"}])
    third = cloud.instance("eu-west-1", "c", subnet, data)
    iam.detach_user_policy(UserName="ada", PolicyArn=reading)
    cloud("lambda").delete_function(FunctionName="resize")
    cloud("s3", "us-east-1").delete_bucket(Bucket="dropped.example")
    assert set(poll()) == {"succeeded"}
    now = entities(aws_site)
    assert set(now) == cloud.truth()
    assert set(found) - set(now) == {
        ("aws_instance", arn("eu-west-1", f"instance/{second}")),
        ("aws_function", resize),
        ("aws_bucket", "arn:aws:s3:::dropped.example"),
    }
    assert set(now) - set(found) == {("aws_instance", arn("eu-west-1", f"instance/{third}"))}
    assert {key for key in set(found) & set(now) if now[key] != found[key]} == {instance}
    assert (now[instance][0], now[instance][1]) == (found[instance][0], "renamed")
    assert now[instance][2]["state"] == "stopped"
    assert ("aws_user", ada, "ASSIGNED", "aws_policy", reading) not in relationships(aws_site)
    assert ("aws_role", role, "ASSIGNED", "aws_policy", reading) in relationships(aws_site)
    daemon.stop()


def test_a_key_that_may_not_read_or_is_wrong_changes_nothing(cloud, aws_site, poll):
    """AWS says what it refuses and the operator is told; what could not be read stays as it was."""
    cloud.network("eu-west-1")
    daemon = aws_site.serve("--workers", "1")
    poll("network")
    found = entities(aws_site)
    assert len([key for key in found if key[0] == "aws_security_group"]) == 5

    cloud.allow("levada", [one for one in READING if not one.startswith("ec2:")])
    (ended,) = poll("network").items()
    assert ended[0] == "failed"
    run = aws_site.json("runs", "show", ended[1])
    assert "not authorized to perform: ec2:DescribeVpcs" in str(run)
    assert "regions refused: 2" in str(run)
    assert entities(aws_site) == found
    daemon.stop()

    aws_site.runtime("connections", "set", "aws", "--secret", "secret_access_key=env:ANOTHER")
    with cloud.locked():
        refused = aws_site.runtime("connections", "check", "aws", code=None)
    assert refused.code != 0
    assert "SignatureDoesNotMatch" in refused.out + refused.err
    assert "another/secret" not in refused.out + refused.err
