"""The cluster's registry on one host: ECR's API, docker's and others' push and pull, tasks."""

import base64
import concurrent.futures
import hashlib
import http.client
import json
import os
import signal
import threading
import time

import botocore.exceptions
import pytest

import ecs_server
import images
import programs
import task_host

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@pytest.fixture(scope="module")
def manager(no_leaks, tmp_path_factory):
    started = ecs_server.EcsServer(
        tmp_path_factory.mktemp("ecr"), task_roles={"puller": ["ecr:BatchGetImage",
                                                               "ecr:GetDownloadUrlForLayer"]})
    yield started
    started.close()


@pytest.fixture
def repository(manager, request):
    name = "t-" + hashlib.sha1(request.node.name.encode()).hexdigest()[:12]
    manager.images().create_repository(repositoryName=name)
    yield name
    manager.images().delete_repository(repositoryName=name, force=True)


def code_of(call, **parameters):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"]


def token_of(manager, **options):
    data = manager.images(signed=True, **options).get_authorization_token()["authorizationData"]
    return base64.b64decode(data[0]["authorizationToken"]).decode()


class Registry:
    """Requests below /v2/, with a token unless another `pair` is given."""

    def __init__(self, manager, pair=None):
        self.port = manager.port
        pair = token_of(manager) if pair is None else pair
        self.headers = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
        if not pair:
            self.headers = {}

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body=body, headers={**self.headers, **(headers or {})})
        reply = connection.getresponse()
        text = reply.read()
        connection.close()
        return reply.status, reply.headers, text

    def push_blob(self, name, data):
        digest = images.digest_of(data)
        status, headers, text = self.ask("POST", f"/v2/{name}/blobs/uploads/")
        assert status == 202, text
        status, _, text = self.ask("PUT", f"{headers['Location']}?digest={digest}", data)
        assert status == 201, text
        return digest

    def push(self, name, tag, text=b"hello"):
        """A small artifact; (status, code, digest)."""
        config, layer = self.push_blob(name, b"{}"), self.push_blob(name, text)
        manifest = manifest_of(config, layer, len(text))
        status, _, answer = self.ask("PUT", f"/v2/{name}/manifests/{tag}", manifest,
                                     {"Content-Type": MANIFEST})
        code = json.loads(answer)["errors"][0]["code"] if status >= 400 else ""
        return status, code, images.digest_of(manifest)


def manifest_of(config, layer, size):
    return json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config,
                   "size": 2},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": layer,
                    "size": size}]}).encode()


def test_repositories_in_the_models_words(manager):
    ecr = manager.images()
    made = ecr.create_repository(repositoryName="team/web", tags=[{"Key": "a", "Value": "b"}],
                                 imageTagMutability="IMMUTABLE")["repository"]
    assert made["repositoryArn"] == \
        f"arn:aws:ecr:us-east-1:{ecs_server.ACCOUNT}:repository/team/web"
    assert made["repositoryUri"] == manager.endpoint.removeprefix("http://") + "/team/web"
    assert ecr.describe_repositories()["repositories"] == [made]
    assert code_of(ecr.create_repository, repositoryName="team/web") == \
        "RepositoryAlreadyExistsException"
    assert code_of(ecr.create_repository, repositoryName="Web") == "InvalidParameterException"
    assert code_of(ecr.describe_repositories, repositoryNames=["none"]) == \
        "RepositoryNotFoundException"
    arn = made["repositoryArn"]
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "c", "Value": "d"}])
    ecr.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert ecr.list_tags_for_resource(resourceArn=arn)["tags"] == [{"Key": "c", "Value": "d"}]
    ecr.put_image_tag_mutability(repositoryName="team/web", imageTagMutability="MUTABLE")
    ecr.put_image_scanning_configuration(repositoryName="team/web",
                                         imageScanningConfiguration={"scanOnPush": True})
    assert ecr.describe_registry()["registryId"] == ecs_server.ACCOUNT
    policy = json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*",
                                        "Action": "ecr:*"}]})
    assert ecr.set_repository_policy(repositoryName="team/web", policyText=policy)[
        "policyText"] == policy
    ecr.get_repository_policy(repositoryName="team/web")
    ecr.delete_repository_policy(repositoryName="team/web")
    assert code_of(ecr.get_repository_policy, repositoryName="team/web") == \
        "RepositoryPolicyNotFoundException"
    ecr.delete_repository(repositoryName="team/web")
    assert code_of(ecr.delete_repository, repositoryName="team/web") == \
        "RepositoryNotFoundException"


def test_images_of_a_push_are_seen_and_deleted(manager, repository):
    ecr, registry = manager.images(), Registry(manager)
    status, _, first = registry.push(repository, "v1")
    assert status == 201
    _, _, second = registry.push(repository, "v1", b"other")
    ids = ecr.list_images(repositoryName=repository)["imageIds"]
    assert sorted(ids, key=str) == sorted(
        [{"imageDigest": second, "imageTag": "v1"}, {"imageDigest": first}], key=str)
    shown = ecr.describe_images(repositoryName=repository,
                                imageIds=[{"imageTag": "v1"}])["imageDetails"][0]
    assert (shown["imageDigest"], shown["imageTags"], shown["imageSizeInBytes"]) == \
        (second, ["v1"], 7)
    assert code_of(ecr.describe_images, repositoryName=repository,
                   imageIds=[{"imageTag": "none"}]) == "ImageNotFoundException"
    got = ecr.batch_get_image(repositoryName=repository,
                              imageIds=[{"imageTag": "v1"}, {"imageTag": "none"}])
    assert images.digest_of(got["images"][0]["imageManifest"].encode()) == second
    assert got["failures"][0]["failureCode"] == "ImageNotFound"
    gone = ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "v1"}])
    assert gone["imageIds"] == [{"imageDigest": second, "imageTag": "v1"}]
    assert registry.ask("GET", f"/v2/{repository}/manifests/v1")[0] == 404
    assert registry.ask("GET", f"/v2/{repository}/manifests/{second}")[0] == 404
    assert registry.ask("GET", f"/v2/{repository}/manifests/{first}")[0] == 200
    assert registry.ask("DELETE", f"/v2/{repository}/manifests/{first}")[0] == 202
    assert ecr.list_images(repositoryName=repository)["imageIds"] == []


def test_an_image_comes_through_the_api_alone(manager, repository):
    ecr = manager.images()
    layer = os.urandom(1_500_000)

    def upload(data):
        begun = ecr.initiate_layer_upload(repositoryName=repository)
        place, size = 0, begun["partSize"]
        while place < len(data):
            part = data[place:place + size]
            answer = ecr.upload_layer_part(
                repositoryName=repository, uploadId=begun["uploadId"], partFirstByte=place,
                partLastByte=place + len(part) - 1, layerPartBlob=part)
            place += len(part)
            assert answer["lastByteReceived"] == place - 1
        return ecr.complete_layer_upload(repositoryName=repository, uploadId=begun["uploadId"],
                                         layerDigests=[images.digest_of(data)])["layerDigest"]

    digests = [upload(b"{}"), upload(layer)]
    checked = ecr.batch_check_layer_availability(
        repositoryName=repository, layerDigests=[digests[1], images.digest_of(b"no"), "x"])
    assert [each["layerAvailability"] for each in checked["layers"]] == ["AVAILABLE",
                                                                         "UNAVAILABLE"]
    assert checked["failures"][0]["failureCode"] == "InvalidLayerDigest"
    manifest = manifest_of(*digests, len(layer)).decode()
    put = ecr.put_image(repositoryName=repository, imageManifest=manifest, imageTag="v1")["image"]
    assert put["imageId"]["imageTag"] == "v1"
    assert code_of(ecr.put_image, repositoryName=repository, imageManifest=manifest,
                   imageTag="v1") == "ImageAlreadyExistsException"
    assert code_of(ecr.put_image, repositoryName=repository, imageTag="v2", imageManifest=(
        manifest_of(digests[0], images.digest_of(b"no"), 2).decode())) == "LayersNotFoundException"
    assert code_of(ecr.put_image, repositoryName=repository, imageTag="v2",
                   imageManifest="{}") == "InvalidParameterException"
    url = manager.images(signed=True).get_download_url_for_layer(
        repositoryName=repository, layerDigest=digests[1])["downloadUrl"]
    assert programs.run("curl", "-sSf", url, text=False).stdout == layer
    # It is for that layer alone.
    other = programs.run("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}",
                         url.replace(digests[1], digests[0])).stdout
    assert other == "401"
    assert code_of(ecr.get_download_url_for_layer, repositoryName=repository,
                   layerDigest=images.digest_of(b"no")) == "LayersNotFoundException"
    assert code_of(ecr.upload_layer_part, repositoryName=repository, uploadId="0" * 32,
                   partFirstByte=0, partLastByte=0, layerPartBlob=b"x") == \
        "UploadNotFoundException"
    begun = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    assert code_of(ecr.complete_layer_upload, repositoryName=repository, uploadId=begun,
                   layerDigests=[digests[0]]) == "EmptyUploadException"
    assert code_of(ecr.upload_layer_part, repositoryName=repository, uploadId=begun,
                   partFirstByte=5, partLastByte=5, layerPartBlob=b"x") == \
        "InvalidLayerPartException"
    ecr.upload_layer_part(repositoryName=repository, uploadId=begun, partFirstByte=0,
                          partLastByte=0, layerPartBlob=b"x")
    assert code_of(ecr.complete_layer_upload, repositoryName=repository, uploadId=begun,
                   layerDigests=[digests[0]]) == "InvalidLayerException"


def test_who_has_no_good_token_gets_nothing(manager, repository):
    Registry(manager).push(repository, "v1")
    good = token_of(manager)
    for pair in ["", "AWS:x", good[:-6] + "AAAA==", "root:" + good.split(":", 1)[1]]:
        registry = Registry(manager, pair)
        for path in ("/v2/", f"/v2/{repository}/manifests/v1", f"/v2/{repository}/tags/list"):
            status, headers, _ = registry.ask("GET", path)
            assert (status, headers["WWW-Authenticate"]) == \
                (401, 'Basic realm="ikada",charset="UTF-8"'), pair
        assert registry.ask("POST", f"/v2/{repository}/blobs/uploads/")[0] == 401
    registry = Registry(manager)
    assert registry.ask("GET", "/v2/")[0] == 200
    assert registry.ask("GET", "/v2/none/tags/list")[0] == 404
    status, _, text = registry.ask("POST", "/v2/none/blobs/uploads/")
    assert (status, json.loads(text)["errors"][0]["code"]) == (404, "NAME_UNKNOWN")
    assert repository in json.loads(registry.ask("GET", "/v2/_catalog")[2])["repositories"]
    assert json.loads(registry.ask("GET", f"/v2/{repository}/tags/list")[2])["tags"] == ["v1"]
    # What is no business of the registry stays as it was.
    assert registry.ask("GET", "/v3/")[0] in (400, 403, 404)
    assert registry.ask("POST", "/")[0] in (400, 403)


def test_immutable_tags_stay(manager, repository):
    manager.images().put_image_tag_mutability(repositoryName=repository,
                                              imageTagMutability="IMMUTABLE")
    registry = Registry(manager)
    assert registry.push(repository, "v1")[0] == 201
    assert registry.push(repository, "v1")[0] == 201
    assert registry.push(repository, "v1", b"other")[:2] == (400, "TAG_INVALID")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        texts = [b"text %d" % number for number in range(8)]
        done = list(pool.map(lambda text: registry.push(repository, "once", text), texts))
    assert sorted(each[0] for each in done) == [201] + [400] * 7
    winner = next(each[2] for each in done if each[0] == 201)
    assert registry.ask("GET", f"/v2/{repository}/manifests/once")[1][
        "Docker-Content-Digest"] == winner


def test_lifecycle_rules_are_followed(manager, repository):
    ecr, registry = manager.images(), Registry(manager)
    for number in range(4):
        registry.push(repository, f"v{number}", b"%d" % number)
        time.sleep(0.01)
    policy = json.dumps({"rules": [{
        "rulePriority": 1, "action": {"type": "expire"},
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 2}}]})
    ecr.start_lifecycle_policy_preview(repositoryName=repository, lifecyclePolicyText=policy)
    preview = ecr.get_lifecycle_policy_preview(repositoryName=repository)
    assert sorted(each["imageTags"][0] for each in preview["previewResults"]) == ["v0", "v1"]
    ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=policy)
    assert ecr.get_lifecycle_policy(repositoryName=repository)["lifecyclePolicyText"] == policy
    deadline = time.monotonic() + 120
    while len(ecr.list_images(repositoryName=repository)["imageIds"]) > 2:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    tags = {each["imageTag"] for each in ecr.list_images(repositoryName=repository)["imageIds"]}
    assert tags == {"v2", "v3"}
    ecr.delete_lifecycle_policy(repositoryName=repository)


def test_skopeo_and_ikada_push_and_pull(manager, repository, tmp_path, ikada):
    made = images.Image([images.layer_of_entries([images.entry("hello", "hello\n")]),
                         images.layer_of_entries([images.entry("big", os.urandom(5 << 20))])],
                        config={"Cmd": ["/bin/sh"]})
    images.write_layout(tmp_path / "in", made)
    host = f"127.0.0.1:{manager.port}"
    password = programs.run(
        "/usr/bin/aws", "--endpoint-url", manager.signed_endpoint, "--region", "us-east-1", "ecr",
        "get-login-password", env={**os.environ, **aws_environment(manager)}).stdout.strip()
    programs.run("skopeo", "--insecure-policy", "copy", "--dest-tls-verify=false",
                 "--dest-creds", f"AWS:{password}", f"oci:{tmp_path}/in:latest",
                 f"docker://{host}/{repository}:skopeo", timeout=60)
    ikada("login", "-u", "AWS", "--password-stdin", host, input=password)
    ikada("pull", "-q", f"{host}/{repository}:skopeo")
    ikada("tag", f"{host}/{repository}:skopeo", f"{host}/{repository}:ikada")
    ikada("push", f"{host}/{repository}:ikada")
    pushed = {each["imageTag"]: each["imageDigest"]
              for each in manager.images().list_images(repositoryName=repository)["imageIds"]}
    assert pushed == {"skopeo": made.digest, "ikada": made.digest}
    refused = ikada("push", f"{host}/none:1", check=False)
    assert refused.returncode == 1
    ikada("tag", f"{host}/{repository}:ikada", f"{host}/none:1")
    refused = ikada("push", f"{host}/none:1", check=False)
    assert refused.returncode == 1
    assert "The repository with name 'none' does not exist in the registry" in refused.stderr


def aws_environment(manager):
    key, secret = manager.access_key()
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_PAGER": "",
            "AWS_EC2_METADATA_DISABLED": "true"}


def test_a_killed_manager_has_lost_nothing_that_it_acknowledged(tmp_path):
    manager = ecs_server.EcsServer(tmp_path / "killed")
    try:
        manager.images().create_repository(repositoryName="web")
        pushed, stop = {}, threading.Event()

        def push_on():
            registry = Registry(manager)
            number = 0
            while not stop.is_set():
                number += 1
                try:
                    status, _, digest = registry.push("web", f"v{number}", os.urandom(100_000))
                except (OSError, http.client.HTTPException, AssertionError):
                    return
                if status == 201:
                    pushed[f"v{number}"] = digest

        threads = [threading.Thread(target=push_on) for _ in range(1)]
        for thread in threads:
            thread.start()
        task_host.wait_until(lambda: len(pushed) > 20)
        manager.stop(signal.SIGKILL)
        stop.set()
        for thread in threads:
            thread.join()
        manager.start()
        registry = Registry(manager)
        for tag, digest in pushed.items():
            status, headers, text = registry.ask("GET", f"/v2/web/manifests/{tag}")
            assert (status, headers["Docker-Content-Digest"]) == (200, digest)
            for layer in json.loads(text)["layers"]:
                status, _, data = registry.ask("GET", f"/v2/web/blobs/{layer['digest']}")
                assert status == 200 and images.digest_of(data) == layer["digest"]
    finally:
        manager.close()


def test_a_full_disk_says_so_and_spoils_nothing(tmp_path):
    (tmp_path / "full" / "state").mkdir(parents=True)
    programs.run("mount", "-t", "tmpfs", "-o", "size=24m", "none", tmp_path / "full" / "state")
    manager = ecs_server.EcsServer(tmp_path / "full")
    try:
        manager.images().create_repository(repositoryName="web")
        registry = Registry(manager)
        assert registry.push("web", "v1")[0] == 201
        large = os.urandom(40 << 20)
        status, headers, _ = registry.ask("POST", "/v2/web/blobs/uploads/")
        assert status == 202
        status, _, text = registry.ask(
            "PUT", f"{headers['Location']}?digest={images.digest_of(large)}", large)
        assert (status, json.loads(text)["errors"][0]["code"]) == (507, "INSUFFICIENT_STORAGE")
        assert registry.push("web", "v2", b"small")[0] == 201
        for tag in ("v1", "v2"):
            assert registry.ask("GET", f"/v2/web/manifests/{tag}")[0] == 200
    finally:
        manager.close()
        programs.run("umount", tmp_path / "full" / "state")


def test_tasks_run_images_of_the_registry_without_a_login(tmp_path, ikada, shared_ikada,
                                                          busybox_image):
    server = task_host.start_host(tmp_path / "host", ikada)
    try:
        host = f"127.0.0.1:{server.port}"
        server.images().create_repository(repositoryName="tools/box")
        builder = type(ikada)(tmp_path / "builder")
        archive = tmp_path / "busybox.tar"
        shared_ikada("save", "-o", archive, busybox_image)
        builder("load", "-q", "-i", archive)
        builder("login", "-u", "AWS", "--password-stdin", host,
                input=token_of(server).removeprefix("AWS:"))
        builder("tag", busybox_image, f"{host}/tools/box:1")
        builder("push", "-q", f"{host}/tools/box:1")
        ecs = server.client(region=task_host.REGION)
        task = task_host.run(ecs, [task_host.sh(f"{host}/tools/box:1", "sleep 1000")],
                             networkMode="none")
        task_host.wait_until(
            lambda: ecs.describe_tasks(tasks=[task])["tasks"][0]["lastStatus"] == "RUNNING", server)
        ecs.stop_task(task=task)
        bad = task_host.run(ecs, [task_host.sh(f"{host}/tools/none:1", "true")],
                            networkMode="none")
        task_host.wait_until(
            lambda: ecs.describe_tasks(tasks=[bad])["tasks"][0]["lastStatus"] == "STOPPED", server)
        reason = ecs.describe_tasks(tasks=[bad])["tasks"][0]["stoppedReason"]
        assert reason.startswith("CannotPullContainerError") and "tools/none" in reason
    finally:
        server.close()
        ikada.remove_all()
