"""The regions of AWS's commercial partition, and the hosts by which each is asked."""

REGIONS = (
    "af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1",
    "ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5",
    "ap-southeast-6", "ap-southeast-7", "ca-central-1", "ca-west-1", "eu-central-1", "eu-central-2", "eu-north-1",
    "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3", "il-central-1", "me-central-1", "me-south-1",
    "mx-central-1", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
)  # fmt: skip
HOME = "us-east-1"
"""Where services that have no regions are signed for, and what every account can ask."""
REGIONAL = ("ec2", "lambda", "s3")
GLOBAL_HOSTS = ("iam.amazonaws.com", f"sts.{HOME}.amazonaws.com")
HOSTS = (*(f"{service}.{region}.amazonaws.com" for region in REGIONS for service in REGIONAL), *GLOBAL_HOSTS)


def host_of(service: str, region: str) -> str:
    """Return the host that answers for a service in a region."""
    return "iam.amazonaws.com" if service == "iam" else f"{service}.{region}.amazonaws.com"
