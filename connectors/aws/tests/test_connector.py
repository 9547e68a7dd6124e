"""The connector: what every connector must keep, what an account comes to in the graph, and what a refusal leaves."""

import json

import pytest

from levada import AuthFailed, ConnectorMistake, RateLimited, Response, SourceRefused, SourceUnavailable
from levada.testing import ConnectorConformance
from levada_aws import connector
from levada_aws.regions import HOSTS, REGIONS

ACCOUNT = "210987654321"
EC2 = f"arn:aws:ec2:eu-west-1:{ACCOUNT}"
IAM = f"arn:aws:iam::{ACCOUNT}"
LAMBDA = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function"


class TestAws(ConnectorConformance):
    connector = connector

    @pytest.fixture(autouse=True)
    def _source(self, cloud):
        type(self).http = cloud.script()


def edges(bench):
    return {(*one.from_, one.verb, *one.to) for one in bench.relationships}


def keys(bench, kind):
    return {one.key for one in bench.entities.all() if one.kind == kind}


def test_a_network_and_what_runs_in_it(cloud):
    """All pages of all regions, each thing under its ARN, and how they hang together."""
    bench = cloud.bench()
    bench.poll("network")
    assert keys(bench, "aws_instance") == {f"{EC2}:instance/i-{number}" for number in range(3)}
    instance = bench.entities[f"{EC2}:instance/i-0"]
    assert (instance.entity_class, instance.display_name) == ("Host", "web i-0")
    assert instance.properties["tags"] == ["Name=web i-0", "env=prod & more"]
    group = bench.entities[f"{EC2}:security-group/sg-data"]
    assert group.properties["ingress"] == ["all sg-web", "tcp 5000-5432 sg-web"]
    assert bench.entities[f"{EC2}:security-group/sg-web"].properties["ingress"] == ["tcp 443 0.0.0.0/0"]
    assert "availableIpAddressCount" not in str(bench.entities.all()), "it changes with every poll"
    shared = "arn:aws:ec2:eu-west-1:999999999999"
    assert edges(bench) >= {
        ("aws_account", ACCOUNT, "HAS", "aws_vpc", f"{EC2}:vpc/vpc-1"),
        ("aws_vpc", f"{EC2}:vpc/vpc-1", "CONTAINS", "aws_subnet", f"{EC2}:subnet/subnet-2"),
        ("aws_vpc", f"{shared}:vpc/vpc-shared", "CONTAINS", "aws_subnet", f"{shared}:subnet/subnet-shared"),
        ("aws_subnet", f"{EC2}:subnet/subnet-0", "CONTAINS", "aws_instance", f"{EC2}:instance/i-0"),
        ("aws_security_group", f"{EC2}:security-group/sg-web", "PROTECTS", "aws_instance", f"{EC2}:instance/i-0"),
        ("aws_security_group", f"{EC2}:security-group/sg-data", "ALLOWS", "aws_security_group",
         f"{EC2}:security-group/sg-web"),
    }  # fmt: skip
    assert ("aws_account", ACCOUNT, "HAS", "aws_vpc", f"{shared}:vpc/vpc-shared") not in edges(bench)


def test_an_instance_that_is_terminated_is_gone(cloud):
    """AWS goes on listing it for an hour; one that is stopped is still there."""
    bench = cloud.bench()
    bench.poll("network")
    rows = cloud.regions["eu-west-1"]["DescribeInstances"]
    rows[0]["instancesSet"] = [cloud.instance("i-0", "terminated")]
    rows[1]["instancesSet"] = [cloud.instance("i-1", "stopped")]
    bench.poll("network")
    assert keys(bench, "aws_instance") == {f"{EC2}:instance/i-1", f"{EC2}:instance/i-2"}
    assert bench.entities[f"{EC2}:instance/i-1"].properties["state"] == "stopped"


def test_who_may_do_what(cloud):
    """Users, groups, roles, their policies, whom a role trusts, and what an instance is when it acts."""
    bench = cloud.bench()
    bench.poll("identity")
    role, user = bench.entities[f"{IAM}:role/worker"], bench.entities[f"{IAM}:user/ada"]
    assert role.properties["trusted_services"] == ["lambda.amazonaws.com"]
    assert role.properties["tags"] == ["team=data"]
    assert user.properties["inline_policies"] == ["own"]
    assert bench.entities[f"{IAM}:policy/reading"].properties["allows"] == ["s3:Get*", "s3:List*"]
    of_aws = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    assert bench.entities[of_aws].properties == {"managed_by": "aws"}
    assert bench.entities[ACCOUNT].display_name == "acme-prod"
    assert edges(bench) >= {
        ("aws_group", f"{IAM}:group/admins", "HAS", "aws_user", f"{IAM}:user/ada"),
        ("aws_user", f"{IAM}:user/ada", "ASSIGNED", "aws_policy", f"{IAM}:policy/reading"),
        ("aws_user", f"{IAM}:user/ada", "ASSIGNED", "aws_policy", of_aws),
        ("aws_role", f"{IAM}:role/worker", "TRUSTS", "aws_user", f"{IAM}:user/ada"),
        ("aws_instance_profile", f"{IAM}:instance-profile/workers", "HAS", "aws_role", f"{IAM}:role/worker"),
    }


def test_buckets_and_what_is_set_at_them(cloud):
    """What a bucket's own policy keeps back is left out, and read without anything else when asked for less."""
    bench = cloud.bench()
    bench.poll("buckets")
    kept, opened, secretive = (
        bench.entities[f"arn:aws:s3:::{name}"].properties for name in ("kept", "open.example", "secretive")
    )
    assert (kept["region"], kept["versioning"], kept["blocks_public_access"]) == ("eu-west-1", "Enabled", True)
    assert (opened["region"], opened["blocks_public_access"]) == ("eu-west-1", False)
    assert set(secretive) == {"region", "created_at"}
    assert secretive["region"] == "us-east-1"
    less = cloud.bench(bucket_details=False)
    asked = less.poll("buckets").requests
    assert not [one for one in asked if "versioning" in one.params]
    assert set(less.entities["arn:aws:s3:::kept"].properties) == {"region", "created_at"}


def test_functions_without_their_environment(cloud):
    """Where they run and as whom, whichever stream comes first; a password in the environment is nowhere."""
    bench = cloud.bench()
    for stream in ("functions", "network", "identity"):
        bench.poll(stream)
    assert keys(bench, "aws_function") == {f"{LAMBDA}:f{number}" for number in range(3)}
    assert edges(bench) >= {
        ("aws_function", f"{LAMBDA}:f0", "USES", "aws_role", f"{IAM}:role/worker"),
        ("aws_subnet", f"{EC2}:subnet/subnet-1", "CONTAINS", "aws_function", f"{LAMBDA}:f0"),
    }
    assert "hunter2" not in str(bench.entities.all())


def test_a_region_that_is_refused_stays_as_it_was(cloud):
    """The others are read all the same, and the run says which permission is missing."""
    bench = cloud.bench()
    bench.poll("network")
    before = keys(bench, "aws_instance")
    cloud.denied = {"eu-west-1": "UnauthorizedOperation"}
    cloud.network("us-east-1", instances=1)
    with pytest.raises(AuthFailed, match=r"DescribeVpcs in eu-west-1: UnauthorizedOperation: Not <allowed>\."):
        bench.poll("network")
    assert keys(bench, "aws_instance") == before | {f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/i-0"}


def test_a_region_that_is_no_longer_read_is_taken_back(cloud):
    """So is another account, when the key is exchanged for one of that."""
    bench = cloud.bench()
    bench.poll("network")
    bench.settings = {**bench.settings, "regions": "us-east-1"}
    run = bench.poll("network")
    assert run.syncs[-1].status == "held"  # it is all that was said of the region, so somebody has to look at it
    assert len(keys(bench, "aws_instance")) == 3
    assert [line.message for line in run.logs] == ["no longer read: what was said of it is taken back"]
    assert bench.checkpoint("network")["scopes"] == [f"{ACCOUNT}/us-east-1"]


def test_only_regions_that_are_enabled_and_known_are_read(cloud):
    """A new one has no declared host yet; one that is not opted into answers nobody."""
    cloud.listed += [
        {"regionName": "xx-new-1", "optInStatus": "opted-in"},
        {"regionName": "ap-east-1", "optInStatus": "not-opted-in"},
    ]
    bench = cloud.bench()
    bench.poll("network")
    assert bench.checkpoint("network")["scopes"] == [f"{ACCOUNT}/eu-west-1", f"{ACCOUNT}/us-east-1"]
    with pytest.raises(ConnectorMistake, match="regions names eu-west-9"):
        cloud.bench(regions="eu-west-1, eu-west-9").check()


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [
        (429, "TooManyRequestsException", RateLimited),
        (400, "ThrottlingException", RateLimited),
        (403, "AccessDeniedException", AuthFailed),
        (500, "ServiceException", SourceUnavailable),
        (400, "InvalidParameterValueException", SourceRefused),
    ],
)
def test_what_follows_from_a_refusal(cloud, status, kind, error):
    """By AWS's code rather than by the status, which is 400 for much."""
    cloud.denied = {"lambda": (status, kind)}
    with pytest.raises(error, match=f"ListFunctions in eu-west-1: {kind}: No"):
        cloud.bench().poll("functions")


@pytest.mark.parametrize(
    "answer",
    [Response(200, {}, b"<html>"), Response(200, {}, b"<a/>"), Response(502, {}, b"<html>"), Response(503, {}, b"{}")],
)
def test_an_answer_that_is_not_of_aws_is_no_empty_account(cloud, answer):
    """A proxy's page deletes nothing."""
    bench = cloud.bench()
    bench.poll("network")
    before = bench.entities.all()
    bench.script["/"] = answer
    with pytest.raises(SourceUnavailable):
        bench.poll("network")
    assert bench.entities.all() == before


@pytest.mark.parametrize("stream", ["network", "identity", "buckets"])
def test_a_list_is_taken_for_empty_only_when_it_is_one(cloud, stream):
    """XML of another kind that came with success says nothing about what there is."""
    bench = cloud.bench()
    bench.poll(stream)
    before = bench.entities.all()
    ask = cloud.ask
    bench.script["/"] = lambda sent: ask(sent) if "sts" in str(sent.headers) else Response(200, {}, b"<ok/>")
    with pytest.raises(SourceUnavailable, match="XML that is no"):
        bench.poll(stream)
    assert bench.entities.all() == before


def test_every_request_reads_and_says_what_it_is_signed_for(cloud):
    """Only GET, so that an observed run does what a live one does; and a service that is declared."""
    bench = cloud.bench()
    asked = [one for stream in ("network", "identity", "buckets", "functions") for one in bench.poll(stream).requests]
    assert {one.method for one in asked} == {"GET"}
    services = {one.headers["Levada-AWS-Scope"].partition("/")[2] for one in asked}
    assert services == set(connector.manifest().auth.services)


def test_without_an_endpoint_each_service_is_asked_at_its_own_host(cloud):
    """Every one of them is declared."""
    bench = cloud.bench()
    bench.settings = {**bench.settings, "endpoint": None}
    run = bench.poll("network")
    hosts = {one.url.split("/")[2] for one in run.requests}
    assert hosts == {"sts.us-east-1.amazonaws.com", "ec2.us-east-1.amazonaws.com", "ec2.eu-west-1.amazonaws.com"}
    assert hosts <= set(HOSTS)
    assert len(HOSTS) == 3 * len(REGIONS) + 2
    assert json.loads(connector.manifest().model_dump_json())["hosts"][0] == {"pattern": None, "setting": "endpoint"}
