#include "cluster/registry/registry_actions.h"

#include <algorithm>
#include <iterator>

#include "cluster/api/ecr/ecr_lookup.h"
#include "cluster/api/ecr/registry_token.h"
#include "image/base64.h"
#include "image/reference.h"
#include "image/registry/blob_store.h"
#include "image/registry/failure.h"
#include "image/registry/manifest_store.h"
#include "image/registry/route.h"
#include "image/registry/store_manifest.h"
#include "runtime/base/clock.h"

namespace ikada {
namespace {

namespace reg = registry;

// In base64 a part is to be within what the API takes in one request.
constexpr std::int64_t kPartBytes = 700 << 10;
constexpr size_t kMostImages = 100;
constexpr std::int64_t kLinkLifetimeMs = std::int64_t{3600} * 1000;

struct ActionInput {
  ecr::RepositoryInput repository;
  std::vector<ecr::ImageId> image_ids;
  std::vector<std::string> layers;
  std::string layer;
  std::string upload;
  std::int64_t first_byte = 0;
  std::int64_t last_byte = 0;
  std::string part;
  std::string manifest;
  std::string manifest_type;
  std::string tag;
  std::string digest;
};

void describe(JsonFields& fields, ActionInput& input) {
  describe(fields, input.repository);
  fields.field("imageIds", input.image_ids);
  fields.field("layerDigests", input.layers);
  fields.field("layerDigest", input.layer);
  fields.field("uploadId", input.upload);
  fields.field("partFirstByte", input.first_byte);
  fields.field("partLastByte", input.last_byte);
  fields.field("layerPartBlob", input.part);
  fields.field("imageManifest", input.manifest);
  fields.field("imageManifestMediaType", input.manifest_type);
  fields.field("imageTag", input.tag);
  fields.field("imageDigest", input.digest);
}

// The input of an action on a repository that is there.
Result<ActionInput> read_input(const RegistryCall& call) {
  Result<ActionInput> input = from_json<ActionInput>(call.body, "request");
  if (!input.has_value()) return input_error(std::move(input.error()));
  const std::string& name = input->repository.name;
  const std::string& id = input->repository.registry_id;
  const bool is_ours = id.empty() || id == call.options.account;
  IK_LET(is_there, call.keeper.ask<bool>([name](const ScopeState& home) -> Result<bool> {
    return home.find_repository(name) != nullptr;
  }));
  if (is_there && is_ours) return input;
  return ecr::no_such_repository(name, is_ours ? call.options.account : id);
}

Json base_of(const RegistryCall& call, const ActionInput& input) {
  return {{"registryId", call.options.account}, {"repositoryName", input.repository.name}};
}

// The registry's errors by ECR's names.
Error api_name(const Error& error, const char* code) {
  if (!reg::is_api_error(error) || error.code == reg::kNotNow) {
    return make_error(ErrorKind::kUnavailable, "{}", error.message);
  }
  return ecs_error(code, "{}", error.message);
}

Result<reg::StoredManifest> read_manifest(const RegistryCall& call,
                                          const std::string& repository,
                                          const std::string& text) {
  IK_LET(digest, reg::ContentDigest::parse(text));
  Result<reg::StoredManifest> found = reg::get_manifest(call.site.layout(), repository, digest);
  if (found.has_value() || found.error().code != reg::kManifestUnknown) return found;
  IK_TRY(call.keeper.obtain(repository, digest, true));
  return reg::get_manifest(call.site.layout(), repository, digest);
}

Result<Json> batch_get_image(const RegistryCall& call) {
  IK_LET(input, read_input(call));
  if (input.image_ids.empty() || input.image_ids.size() > kMostImages) {
    return invalid_parameter(
        "Invalid parameter at 'imageIds' failed to satisfy constraint: "
        "'Member must have length between 1 and {}'",
        kMostImages);
  }
  Json images = Json::array();
  Json failures = Json::array();
  for (const ecr::ImageId& id : input.image_ids) {
    const std::string& name = input.repository.name;
    ecr::ImageFailure failure;
    IK_LET(digest,
           call.keeper.ask<std::string>(
               [name, id, &failure](const ScopeState& home) -> Result<std::string> {
                 const RepositoryState* repository = home.find_repository(name);
                 if (repository == nullptr) return std::string();
                 const ecr::FoundImage found = ecr::find_image(*repository, id);
                 failure = found.failure;
                 return found.image == nullptr ? std::string() : found.image->value.digest;
               }));
    if (digest.empty()) {
      failures.push_back(ecr::show_failure(id, failure));
      continue;
    }
    const Result<reg::StoredManifest> manifest = read_manifest(call, name, digest);
    if (!manifest.has_value()) {
      failures.push_back(ecr::show_failure(
          id, {.code = "ImageNotFound", .reason = "Its manifest cannot be read just now"}));
      continue;
    }
    Json image = base_of(call, input);
    image["imageId"] = ecr::to_shown({.digest = digest, .tag = id.tag});
    image["imageManifest"] = manifest->text;
    image["imageManifestMediaType"] = manifest->media_type;
    images.push_back(std::move(image));
  }
  return Json{{"images", std::move(images)}, {"failures", std::move(failures)}};
}

Result<Json> batch_check_layer_availability(const RegistryCall& call) {
  IK_LET(input, read_input(call));
  if (input.layers.empty() || input.layers.size() > kMostImages) {
    return invalid_parameter(
        "Invalid parameter at 'layerDigests' failed to satisfy constraint: "
        "'Member must have length between 1 and {}'",
        kMostImages);
  }
  Json layers = Json::array();
  Json failures = Json::array();
  for (const std::string& text : input.layers) {
    const Result<reg::ContentDigest> digest = reg::ContentDigest::parse(text);
    if (!digest.has_value()) {
      failures.push_back({{"layerDigest", text},
                          {"failureCode", "InvalidLayerDigest"},
                          {"failureReason", "Invalid layer digest"}});
      continue;
    }
    call.keeper.verify(*digest);
    const Result<reg::OpenBlob> blob =
        reg::open_blob(call.site.layout(), input.repository.name, *digest);
    Json layer = {{"layerDigest", text},
                  {"layerAvailability", blob.has_value() ? "AVAILABLE" : "UNAVAILABLE"}};
    if (blob.has_value()) {
      reg::touch_blob(*blob);
      layer["layerSize"] = blob->size_bytes;
    }
    layers.push_back(std::move(layer));
  }
  return Json{{"layers", std::move(layers)}, {"failures", std::move(failures)}};
}

Result<Json> initiate_layer_upload(const RegistryCall& call) {
  IK_LET(input, read_input(call));
  Result<reg::Uploads::Lease> lease = call.site.uploads().start(input.repository.name);
  if (!lease.has_value()) return api_name(lease.error(), "LimitExceededException");
  return Json{{"uploadId", lease->id()}, {"partSize", kPartBytes}};
}

Error no_upload(const ActionInput& input) {
  return ecs_error("UploadNotFoundException",
                   "The upload with id '{}' does not exist in the repository with name '{}'",
                   input.upload,
                   input.repository.name);
}

bool is_upload_id(const std::string& id) {
  constexpr size_t kDigits = 32;
  return id.size() == kDigits && id.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Result<reg::Uploads::Lease> take_upload(const RegistryCall& call, const ActionInput& input) {
  if (!is_upload_id(input.upload)) return no_upload(input);
  Result<reg::Uploads::Lease> lease = call.site.uploads().take(input.repository.name, input.upload);
  if (!lease.has_value() && lease.error().code == reg::kBlobUploadUnknown) return no_upload(input);
  if (!lease.has_value()) return api_name(lease.error(), "InvalidLayerPartException");
  return lease;
}

Result<Json> upload_layer_part(const RegistryCall& call) {
  IK_LET(input, read_input(call));
  const Result<std::string> bytes = decode_base64(input.part);
  if (!bytes.has_value()) return ecs_error("SerializationException", "layerPartBlob is no base64");
  IK_LET(lease, take_upload(call, input));
  const auto size = static_cast<std::int64_t>(lease.size_bytes());
  const auto count = static_cast<std::int64_t>(bytes->size());
  if (input.first_byte != size || input.last_byte != size + count - 1 || count == 0) {
    return ecs_error("InvalidLayerPartException",
                     "The part's bytes {} to {} are {} bytes, and the next one is {}",
                     input.first_byte,
                     input.last_byte,
                     count,
                     size);
  }
  if (lease.size_bytes() + bytes->size() > call.site.settings()->config.limits.blob_bytes) {
    return ecs_error("LimitExceededException", "The layer is too large");
  }
  const Result<void> added = lease.append(*bytes);
  if (!added.has_value()) return api_name(added.error(), "InvalidLayerPartException");
  Json shown = base_of(call, input);
  shown["uploadId"] = input.upload;
  shown["lastByteReceived"] = input.last_byte;
  return shown;
}

Result<Json> complete_layer_upload(const RegistryCall& call) {
  IK_LET(input, read_input(call));
  if (input.layers.size() != 1) {
    return invalid_parameter(
        "Invalid parameter at 'layerDigests' failed to satisfy constraint: "
        "'Member must have length 1'");
  }
  const Result<reg::ContentDigest> digest = reg::ContentDigest::parse(input.layers.front());
  if (!digest.has_value()) return invalid_parameter("{}", digest.error().message);
  IK_LET(lease, take_upload(call, input));
  if (lease.size_bytes() == 0) {
    return ecs_error("EmptyUploadException", "The upload does not contain any layer parts");
  }
  const Result<void> verified = call.site.uploads().verify(lease, *digest);
  if (!verified.has_value()) {
    call.site.uploads().discard(lease);
    return api_name(verified.error(), "InvalidLayerException");
  }
  const Result<bool> is_new = call.site.uploads().commit(lease, *digest);
  if (!is_new.has_value()) return api_name(is_new.error(), "InvalidLayerException");
  if (!*is_new) {
    return ecs_error("LayerAlreadyExistsException",
                     "The layer with digest '{}' already exists in the repository with name '{}'",
                     digest->text(),
                     input.repository.name);
  }
  Json shown = base_of(call, input);
  shown["uploadId"] = input.upload;
  shown["layerDigest"] = digest->text();
  return shown;
}

// Good for an hour without a login, for that layer alone.
Result<Json> get_download_url_for_layer(const RegistryCall& call) {
  IK_LET(input, read_input(call));
  const Result<reg::ContentDigest> digest = reg::ContentDigest::parse(input.layer);
  if (!digest.has_value()) return invalid_parameter("{}", digest.error().message);
  const std::string& name = input.repository.name;
  if (!reg::open_blob(call.site.layout(), name, *digest).has_value() &&
      !call.keeper.obtain(name, *digest, false).has_value()) {
    return ecs_error("LayersNotFoundException",
                     "The layer with digest '{}' does not exist in the repository with name '{}'",
                     digest->text(),
                     name);
  }
  if (call.options.vault == nullptr) {
    return make_error(ErrorKind::kUnavailable, "this manager makes no links");
  }
  Timestamp expires{unix_now() / 1'000'000};
  expires.milliseconds += kLinkLifetimeMs;
  IK_LET(token,
         ecr::seal_token(*call.options.vault,
                         {.principal = call.caller,
                          .expires_at = expires,
                          .layer = fmt::format("{}@{}", name, digest->text())}));
  const std::string url = fmt::format("{}://{}/v2/{}/blobs/{}?token={}",
                                      call.is_secure ? "https" : "http",
                                      call.host,
                                      name,
                                      digest->text(),
                                      reg::escape_query(token));
  return Json{{"downloadUrl", url}, {"layerDigest", digest->text()}};
}

// An error of the API has its name already.
Error put_error(const Error& error, const std::string& repository) {
  if (error.code == reg::kManifestBlobUnknown) {
    return ecs_error("LayersNotFoundException",
                     "The image manifest refers to what is not in the repository with name '{}': "
                     "{}",
                     repository,
                     error.message);
  }
  if (!error.code.empty() && !reg::is_api_error(error)) return error;
  return api_name(error, "InvalidParameterException");
}

Result<Json> put_image(const RegistryCall& call) {
  IK_LET(input, read_input(call));
  const std::string& name = input.repository.name;
  const reg::ContentDigest digest =
      reg::ContentDigest::of(reg::DigestAlgorithm::kSha256, input.manifest);
  if (!input.digest.empty() && input.digest != digest.text()) {
    return ecs_error("ImageDigestDoesNotMatchException",
                     "The image's digest is {}, not {}",
                     digest.text(),
                     input.digest);
  }
  if (!input.tag.empty() && !is_tag_name(input.tag)) {
    return invalid_parameter(
        "Invalid parameter at 'imageTag' failed to satisfy constraint: 'must "
        "be a tag'");
  }
  const Result<reg::ManifestContent> content =
      reg::parse_manifest_content(input.manifest, input.manifest_type);
  if (!content.has_value()) {
    return invalid_parameter(
        "Invalid parameter at 'imageManifest' failed to satisfy constraint: "
        "'{}'",
        content.error().message);
  }
  const Result<void> stored = reg::store_manifest(call.site,
                                                  call.site.settings()->config,
                                                  {.repository = name,
                                                   .tag = input.tag,
                                                   .user = call.caller,
                                                   .must_be_new = true,
                                                   .digest = digest,
                                                   .text = input.manifest},
                                                  *content);
  if (!stored.has_value()) return put_error(stored.error(), name);
  Json image = base_of(call, input);
  image["imageId"] = ecr::to_shown({.digest = digest.text(), .tag = input.tag});
  image["imageManifest"] = input.manifest;
  image["imageManifestMediaType"] = content->media_type;
  return Json{{"image", std::move(image)}};
}

struct RegistryActionEntry {
  std::string_view name;
  RegistryAction action;
};

constexpr RegistryActionEntry kRegistryActions[] = {
    {"BatchCheckLayerAvailability", batch_check_layer_availability},
    {"BatchGetImage", batch_get_image},
    {"CompleteLayerUpload", complete_layer_upload},
    {"GetDownloadUrlForLayer", get_download_url_for_layer},
    {"InitiateLayerUpload", initiate_layer_upload},
    {"PutImage", put_image},
    {"UploadLayerPart", upload_layer_part},
};

}  // namespace

RegistryAction find_registry_action(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kRegistryActions),
                                         std::end(kRegistryActions),
                                         [&](const auto& each) { return each.name == name; });
  return found == std::end(kRegistryActions) ? nullptr : found->action;
}

}  // namespace ikada
