#include "cluster/api/ecr/ecr_lookup.h"

#include <algorithm>

#include "image/digest.h"
#include "image/reference.h"

namespace ikada::ecr {
namespace {

constexpr std::int32_t kMostOfAPage = 100;
constexpr std::int32_t kMostAskedFor = 1000;

FoundImage no_image(const char* code, std::string reason) {
  return {.image = nullptr, .failure = {.code = code, .reason = std::move(reason)}};
}

}  // namespace

Scope registry_scope(const ApiCall& call) {
  return {.account = call.options.account, .region = call.options.home_region};
}

void describe(JsonFields& fields, RepositoryInput& input) {
  fields.field("registryId", input.registry_id);
  fields.required("repositoryName", input.name);
}

Error no_such_repository(std::string_view name, std::string_view account) {
  return ecs_error("RepositoryNotFoundException",
                   "The repository with name '{}' does not exist in the registry with id '{}'",
                   name,
                   account);
}

bool is_own_registry(const ApiCall& call, const std::string& registry_id) {
  return registry_id.empty() || registry_id == call.options.account;
}

Result<const RepositoryState*> find_repository(const ApiCall& call,
                                               const State& state,
                                               const RepositoryInput& input) {
  const std::string& account = call.options.account;
  const bool is_ours = is_own_registry(call, input.registry_id);
  const RepositoryState* found =
      is_ours ? state.scope(registry_scope(call)).find_repository(input.name) : nullptr;
  if (found != nullptr) return found;
  return no_such_repository(input.name, is_ours ? account : input.registry_id);
}

Result<const RepositoryState*> find_repository_by_arn(const ApiCall& call,
                                                      const State& state,
                                                      const std::string& arn) {
  constexpr std::string_view kKind = "repository/";
  const Result<Arn> parsed = parse_arn(arn);
  const bool is_repository = parsed.has_value() && parsed->service == "ecr" &&
                             parsed->scope.account == call.options.account &&
                             parsed->resource.starts_with(kKind);
  if (!is_repository) {
    return invalid_parameter(
        "Invalid parameter at 'resourceArn' failed to satisfy constraint: "
        "'must be the ARN of a repository'");
  }
  return find_repository(
      call, state, {.registry_id = {}, .name = parsed->resource.substr(kKind.size())});
}

std::string registry_host(const ApiCall& call) {
  if (!call.options.registry.empty()) return call.options.registry;
  // A socket's clients name no host that means anything.
  const bool has_port = call.host.find(':') != std::string::npos;
  return has_port ? call.host : call.options.local_registry;
}

Json show_repository(const ApiCall& call, const ImageRepository& repository) {
  Json shown = {{"repositoryArn", repository_arn(registry_scope(call), repository.name)},
                {"registryId", call.options.account},
                {"repositoryName", repository.name},
                {"repositoryUri", fmt::format("{}/{}", registry_host(call), repository.name)},
                {"imageTagMutability", repository.has_immutable_tags ? "IMMUTABLE" : "MUTABLE"},
                {"imageScanningConfiguration", {{"scanOnPush", repository.scans_on_push}}}};
  Timestamp created = repository.created_at;
  JsonFields(shown).field("createdAt", created);
  return shown;
}

Outcome change_repository(const ApiCall& call,
                          const RepositoryState& before,
                          const ImageRepository& after,
                          Json shown) {
  Proposal proposal{.then = [shown = std::move(shown)](const State&) { return shown; }};
  proposal.put(repository_key(registry_scope(call), after.name), after, before.record.revision);
  return propose(std::move(proposal));
}

void describe(JsonFields& fields, ImageId& id) {
  fields.field("imageDigest", id.digest);
  fields.field("imageTag", id.tag);
}

Json to_shown(const ImageId& id) {
  Json shown = Json::object();
  if (!id.digest.empty()) shown["imageDigest"] = id.digest;
  if (!id.tag.empty()) shown["imageTag"] = id.tag;
  return shown;
}

FoundImage find_image(const RepositoryState& repository, const ImageId& id) {
  if (id.digest.empty() && id.tag.empty()) {
    return no_image("MissingDigestAndTag",
                    "Invalid request parameters: both tag and digest are "
                    "missing");
  }
  if (!id.digest.empty() && !Digest::parse(id.digest).has_value()) {
    return no_image("InvalidImageDigest", "Invalid request parameters: image digest is invalid");
  }
  if (!id.tag.empty() && !is_tag_name(id.tag)) {
    return no_image("InvalidImageTag", "Invalid request parameters: image tag is invalid");
  }
  std::string digest = id.digest;
  if (!id.tag.empty()) {
    const auto tag = repository.tags.find(id.tag);
    if (tag == repository.tags.end()) {
      return no_image("ImageNotFound", "Requested image not found");
    }
    if (!digest.empty() && tag->second.value.digest != digest) {
      return no_image("ImageTagDoesNotMatchDigest", "The tag names an image of another digest");
    }
    digest = tag->second.value.digest;
  }
  const auto found = repository.images.find(digest);
  if (found == repository.images.end()) {
    return no_image("ImageNotFound", "Requested image not found");
  }
  return {.image = &found->second};
}

Json show_failure(const ImageId& id, const ImageFailure& failure) {
  return {
      {"imageId", to_shown(id)}, {"failureCode", failure.code}, {"failureReason", failure.reason}};
}

std::map<std::string, std::vector<std::string>> tags_by_digest(const RepositoryState& repository) {
  std::map<std::string, std::vector<std::string>> tags;
  for (const auto& [tag, kept] : repository.tags) tags[kept.value.digest].push_back(tag);
  return tags;
}

bool is_listed_by_index(const RepositoryState& repository, const std::string& digest) {
  return std::any_of(repository.images.begin(), repository.images.end(), [&](const auto& each) {
    const std::vector<std::string>& listed = each.second.value.manifests;
    return std::find(listed.begin(), listed.end(), digest) != listed.end();
  });
}

void remove_image(Proposal& proposal,
                  const Scope& scope,
                  const RepositoryState& repository,
                  const std::string& digest) {
  const std::string& name = repository.record.value.name;
  for (const auto& [tag, kept] : repository.tags) {
    if (kept.value.digest != digest) continue;
    proposal.remove(image_tag_key(scope, name, tag), kept.revision);
  }
  const auto image = repository.images.find(digest);
  if (image == repository.images.end()) return;
  proposal.remove(image_key(scope, name, digest), image->second.revision);
}

Result<Json> ecr_page(std::vector<ListItem> items, PageInput input, const char* member) {
  if (input.max_results.has_value() && *input.max_results <= kMostAskedFor) {
    input.max_results = std::min(*input.max_results, kMostOfAPage);
  }
  return page_of(std::move(items), input, member);
}

void describe_page(JsonFields& fields, PageInput& input) {
  fields.field("nextToken", input.next_token);
  fields.field("maxResults", input.max_results);
}

}  // namespace ikada::ecr
