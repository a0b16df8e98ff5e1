#include "image/registry_push.h"

#include "image/http_status.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr int kManifestAnswerLimitS = 120;

}  // namespace

Result<std::unique_ptr<RegistryPush>> RegistryPush::create(const Reference& target,
                                                           RegistryOptions options) {
  IK_LET(client, RegistryClient::create(target, options, {.pushes = true, .mount_source = {}}));
  return std::unique_ptr<RegistryPush>(
      new RegistryPush(target, std::move(options), std::move(client)));
}

Result<bool> RegistryPush::is_there(OutgoingRequest request, const std::string& place) {
  request.method = "HEAD";
  IK_LET(response, client_->request(std::move(request), client_->repository_path() + place));
  if (response.status == kOk) return true;
  if (response.status == kMissing) return false;
  return client_->answer_error(response, place.substr(1));
}

Result<bool> RegistryPush::has_blob(const Digest& digest) {
  return is_there({}, "/blobs/" + digest.text());
}

Result<bool> RegistryPush::has_manifest(const Digest& digest) {
  OutgoingRequest request;
  for (const std::string_view type :
       {kOciIndexType, kDockerListType, kOciManifestType, kDockerManifestType}) {
    request.headers.push_back(fmt::format("Accept: {}", type));
  }
  return is_there(std::move(request), "/manifests/" + digest.text());
}

Result<RegistryClient*> RegistryPush::client_for_mounts(const std::string& source_repository) {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<RegistryClient>& client = mount_clients_[source_repository];
  if (client == nullptr) {
    IK_LET(created,
           RegistryClient::create(
               target_, options_, {.pushes = true, .mount_source = source_repository}));
    client = std::move(created);
    if (cancelled_) client->cancel();
  }
  return client.get();
}

Result<RegistryPush::Mount> RegistryPush::mount_blob(const Digest& digest,
                                                     const std::string& source_repository) {
  IK_LET(client, client_for_mounts(source_repository));
  OutgoingRequest request;
  request.method = "POST";
  request.body = body_of_text({});
  // A repository's name and a digest need no escapes in a query.
  const Result<HttpResponse> response =
      client->request(request,
                      fmt::format("{}/blobs/uploads/?mount={}&from={}",
                                  client->repository_path(),
                                  digest.text(),
                                  source_repository));
  if (!response.has_value()) {
    if (response.error().kind == ErrorKind::kDenied) return Mount{};
    return response.error();
  }
  if (response->status == kCreated) return Mount{.done = true};
  if (response->status != kAccepted) return Mount{};
  IK_LET(place, upload_place(*response, {}));
  return Mount{.done = false, .place = std::move(place)};
}

Result<void> RegistryPush::upload_blob(const Upload& upload) {
  const BlobUpload::Transport transport{
      .send = [&](OutgoingRequest request,
                  const std::string& path) { return client_->request(std::move(request), path); },
      .answer_error =
          [&](const HttpResponse& response, const std::string& what) {
            return client_->answer_error(response, what);
          },
      .wait = [&](int milliseconds) { return client_->wait(milliseconds); },
      .remember = upload.remember};
  BlobUpload running(upload.blob, upload.bytes, client_->repository_path());
  if (!upload.resume_url.empty()) {
    running.resume(upload.resume_url);
  } else if (upload.place.has_value()) {
    running.use(*upload.place);
  }
  return running.run(transport);
}

Result<void> RegistryPush::put_manifest(const std::string& text,
                                        const std::string& media_type,
                                        const std::string& tag_or_digest) {
  OutgoingRequest request;
  request.method = "PUT";
  request.headers.push_back("Content-Type: " + media_type);
  request.body = body_of_text(text);
  request.answer_limit_s = kManifestAnswerLimitS;
  IK_LET(response,
         client_->request(request, client_->repository_path() + "/manifests/" + tag_or_digest));
  if (response.status != kCreated && response.status != kOk) {
    return client_->answer_error(response, "manifest " + tag_or_digest);
  }
  const std::string* kept = response.find_header("docker-content-digest");
  const Digest sent = Digest::of(text);
  if (kept == nullptr || *kept == sent.text()) return {};
  Error error = make_error(ErrorKind::kInvalid,
                           "manifest {}: digest mismatch: {} was sent, the registry says it keeps "
                           "{}",
                           tag_or_digest,
                           sent.text(),
                           kept->substr(0, 100));
  error.code = "DIGEST_MISMATCH";
  return error;
}

void RegistryPush::cancel() {
  client_->cancel();
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  for (const auto& [source, client] : mount_clients_) client->cancel();
}

}  // namespace ikada
