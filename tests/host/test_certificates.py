"""Certificates of the cluster's own authority for HTTPS listeners: `aws acm`, and what every
manager serves."""

import json
import re

import botocore.exceptions
import pytest

import tls_files
from certificate_listeners import REGION, Listeners
from cluster_hosts import wait_until


@pytest.fixture(scope="module")
def listeners(tmp_path_factory):
    made = Listeners(tmp_path_factory.mktemp("certificates"), 3)
    yield made
    made.close()


def code_of(call, **parameters):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"]


def refusal(told):
    return re.search(r"\((\w+)\)", told.stderr)[1]


def test_a_certificate_is_issued_and_every_manager_serves_it(listeners):
    arn = listeners.aws("acm", "request-certificate", "--domain-name", "web.example.com",
                        "--subject-alternative-names", "*.web.example.com", "--tags",
                        "Key=team,Value=web", "--idempotency-token", "one")["CertificateArn"]
    assert re.fullmatch(f"arn:aws:acm:{REGION}:[0-9]{{12}}:certificate/[0-9a-f-]{{36}}", arn)
    listeners.acm.get_waiter("certificate_validated").wait(
        CertificateArn=arn, WaiterConfig={"Delay": 1, "MaxAttempts": 2})
    listener = listeners.listen(arn)
    for host in listeners.cluster.hosts:
        listeners.wait_for("web.example.com", host=host)
        assert listeners.get("a.web.example.com", host=host) == "here"
        assert [path.stat().st_mode & 0o777 for path in listeners.files(host)] == [0o600]
        assert (host.run_root / "certificates").stat().st_mode & 0o777 == 0o700
    assert listeners.get("other.example.com") == ""  # Not one of its names.

    shown = listeners.aws("acm", "describe-certificate", "--certificate-arn", arn)["Certificate"]
    assert (shown["Status"], shown["Type"]) == ("ISSUED", "PRIVATE")
    assert shown["InUseBy"][0].split(":loadbalancer/")[1].startswith("app/web/")
    told = listeners.aws("acm", "delete-certificate", "--certificate-arn", arn, check=False)
    assert refusal(told) == "ResourceInUseException"
    given = listeners.acm.get_certificate(CertificateArn=arn)
    assert given["CertificateChain"] == listeners.authority.read_text()
    assert "PRIVATE KEY" not in json.dumps(given["Certificate"])

    second = listeners.acm.request_certificate(DomainName="shop.example.com")["CertificateArn"]
    listeners.elb("AddListenerCertificates", ListenerArn=listener,
                  Certificates=[{"CertificateArn": second}])
    listeners.wait_for("shop.example.com")
    assert listeners.get("web.example.com") == "here"
    listeners.elb("DeleteListener", ListenerArn=listener)
    wait_until(lambda: not listeners.files(listeners.manager), cluster=listeners.cluster)
    for each in (arn, second):
        listeners.acm.delete_certificate(CertificateArn=each)
    assert code_of(listeners.acm.describe_certificate,
                   CertificateArn=arn) == "ResourceNotFoundException"


def test_actions_answer_as_the_model_says(listeners):
    acm = listeners.acm
    arns = [acm.request_certificate(DomainName=name, Tags=[{"Key": "n", "Value": name}])[
        "CertificateArn"] for name in ("a.example.com", "b.example.com")]
    tokens = {acm.request_certificate(DomainName="c.example.com", IdempotencyToken="t")[
        "CertificateArn"] for _ in range(2)}
    assert len(tokens) == 1
    pages = list(acm.get_paginator("list_certificates").paginate(
        PaginationConfig={"PageSize": 2}))
    listed = [each for page in pages for each in page["CertificateSummaryList"]]
    assert [each["DomainName"] for each in listed] == [
        "c.example.com", "b.example.com", "a.example.com"]
    assert not any(each["InUse"] for each in listed)
    acm.add_tags_to_certificate(CertificateArn=arns[0], Tags=[{"Key": "x", "Value": "y"}])
    acm.remove_tags_from_certificate(CertificateArn=arns[0], Tags=[{"Key": "n"}])
    assert acm.list_tags_for_certificate(CertificateArn=arns[0])["Tags"] == [
        {"Key": "x", "Value": "y"}]
    before = acm.describe_certificate(CertificateArn=arns[0])["Certificate"]
    acm.renew_certificate(CertificateArn=arns[0])
    after = acm.describe_certificate(CertificateArn=arns[0])["Certificate"]
    assert before["Serial"] != after["Serial"]
    assert after["RenewalSummary"]["RenewalStatus"] == "SUCCESS"
    assert code_of(acm.describe_certificate, CertificateArn="arn:aws:acm:nowhere:1:certificate/a"
                   ) == "ResourceNotFoundException"
    assert code_of(acm.request_certificate, DomainName="not a name") == "InvalidParameterException"
    for each in listed:
        acm.delete_certificate(CertificateArn=each["CertificateArn"])
    assert acm.list_certificates()["CertificateSummaryList"] == []


def test_what_is_imported_is_served_and_replaced_under_its_arn(listeners, tmp_path):
    """`aws acm import-certificate`, with an authority of somebody else's."""
    authority = tls_files.make_authority(tmp_path / "ca")

    def made(number):
        return tls_files.make_certificate(tmp_path / str(number), authority,
                                          f"DNS:n{number}.example.com")

    def imported(number, *words, check=True):
        certificate, key = made(number)
        return listeners.aws("acm", "import-certificate", "--certificate",
                             f"fileb://{certificate}", "--private-key", f"fileb://{key}",
                             "--certificate-chain", f"fileb://{authority.certificate}", *words,
                             check=check)

    arn = imported(1)["CertificateArn"]
    listener = listeners.listen(arn, port=444, name="imported")
    listeners.wait_for("n1.example.com", port=444, authority=authority.certificate)
    assert imported(2, "--certificate-arn", arn)["CertificateArn"] == arn
    listeners.wait_for("n2.example.com", port=444, authority=authority.certificate)
    shown = listeners.acm.describe_certificate(CertificateArn=arn)["Certificate"]
    assert (shown["Type"], shown["RenewalEligibility"]) == ("IMPORTED", "INELIGIBLE")
    assert shown["SubjectAlternativeNames"] == ["n2.example.com"]
    assert code_of(listeners.acm.import_certificate, Certificate=made(3)[0].read_bytes(),
                   PrivateKey=made(4)[1].read_bytes()) == "InvalidParameterException"
    listeners.elb("DeleteListener", ListenerArn=listener)
    listeners.acm.delete_certificate(CertificateArn=arn)


def test_a_listener_takes_no_certificate_that_is_not_there(listeners):
    arn = listeners.acm.request_certificate(DomainName="gone.example.com")["CertificateArn"]
    listeners.acm.delete_certificate(CertificateArn=arn)
    balancer = listeners.elb("CreateLoadBalancer", Name="none")["LoadBalancers"][0]
    told = listeners.elb(
        "CreateListener", LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTPS", Port=445,
        Certificates=[{"CertificateArn": arn}], DefaultActions=[
            {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}])
    assert told["__type"] == "CertificateNotFound", told


def test_apply_issues_a_certificate_for_a_domain_once(listeners):
    wish = listeners.manager.directory / "web.yaml"
    wish.write_text("""
loadBalancers:
  - name: applied
    listeners:
      - port: 446
        certificates: [{domain: applied.example.com}]
        defaultActions:
          - {type: fixed-response, fixedResponseConfig: {statusCode: "200", messageBody: here}}
""")

    first = listeners.manager("apply", "-f", wish).stdout
    listeners.wait_for("applied.example.com", port=446)
    again = listeners.manager("apply", "-f", wish).stdout

    assert "+ load balancer applied, port 446" in first
    assert all(line.startswith("=") for line in again.splitlines()), again
    listed = [each for each in listeners.acm.list_certificates()["CertificateSummaryList"]
              if each["DomainName"] == "applied.example.com"]
    assert len(listed) == 1 and listed[0]["InUse"]
    # By its ARN it is the same.
    wish.write_text(wish.read_text().replace("{domain: applied.example.com}",
                                             listed[0]["CertificateArn"]))
    assert listeners.manager("apply", "-f", wish).stdout == again
    balancer = listeners.elb("DescribeLoadBalancers", Names=["applied"])["LoadBalancers"][0]
    listeners.elb("DeleteLoadBalancer", LoadBalancerArn=balancer["LoadBalancerArn"])
    listeners.acm.delete_certificate(CertificateArn=listed[0]["CertificateArn"])
