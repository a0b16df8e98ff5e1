#include "cluster/api/ecr/ecr_actions.h"
#include "cluster/api/ecr/ecr_lookup.h"
#include "image/reference.h"

namespace ikada::ecr {
namespace {

constexpr size_t kMostGuards = 32;

struct RecordImageInput {
  RepositoryInput repository;
  std::string tag;
  RepositoryImage image;
  bool must_be_new = false;
};

void describe(JsonFields& fields, RecordImageInput& input) {
  describe(fields, input.repository);
  fields.field("tag", input.tag);
  fields.required("image", input.image);
  fields.field("mustBeNew", input.must_be_new);
}

Result<void> check_tag(const ApiCall& call,
                       const RepositoryState& repository,
                       const RecordImageInput& input) {
  const auto tag = repository.tags.find(input.tag);
  const bool is_there = !input.tag.empty() && tag != repository.tags.end();
  const std::string& name = repository.record.value.name;
  const bool has_image = repository.images.find(input.image.digest) != repository.images.end();
  const bool is_same = is_there && tag->second.value.digest == input.image.digest;
  if (input.must_be_new && has_image && (input.tag.empty() || is_same)) {
    return ecs_error("ImageAlreadyExistsException",
                     "Image with digest '{}' and tag '{}' already exists in the repository with "
                     "name '{}' in registry with id '{}'",
                     input.image.digest,
                     input.tag.empty() ? "null" : input.tag,
                     name,
                     call.options.account);
  }
  if (!is_there || is_same || !repository.record.value.has_immutable_tags) return {};
  return ecs_error("ImageTagAlreadyExistsException",
                   "The image tag '{}' already exists in the '{}' repository and cannot be "
                   "overwritten because the repository is immutable.",
                   input.tag,
                   name);
}

}  // namespace

Result<Outcome> record_image(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<RecordImageInput>(call));
  IK_LET(found, find_repository(call, state, input.repository));
  IK_TRY(check_tag(call, *found, input));
  const Scope scope = registry_scope(call);
  const std::string& name = found->record.value.name;
  const auto known = found->images.find(input.image.digest);
  Proposal proposal{.then = [](const State&) { return Json::object(); }};
  // Neither the repository nor what an index lists may go meanwhile.
  proposal.guard(repository_key(scope, name), found->record.revision);
  for (const std::string& digest : input.image.manifests) {
    const auto listed = found->images.find(digest);
    if (listed == found->images.end()) {
      return ecs_error("ReferencedImagesNotFoundException", "Image {} is not there", digest);
    }
    if (proposal.guards.size() < kMostGuards) {
      proposal.guard(image_key(scope, name, digest), listed->second.revision);
    }
  }
  // One that is there was pushed when it was pushed first.
  input.image.pushed_at = known == found->images.end() ? call.now : known->second.value.pushed_at;
  if (known == found->images.end()) {
    proposal.put(image_key(scope, name, input.image.digest), input.image, 0);
  } else {
    proposal.guard(image_key(scope, name, input.image.digest), known->second.revision);
  }
  const auto tag = found->tags.find(input.tag);
  const bool has_tag = tag != found->tags.end();
  if (!input.tag.empty() && !(has_tag && tag->second.value.digest == input.image.digest)) {
    proposal.put(image_tag_key(scope, name, input.tag),
                 ImageTag{.digest = input.image.digest},
                 has_tag ? tag->second.revision : 0);
  }
  if (proposal.changes.empty()) return answer(Json::object());
  return propose(std::move(proposal));
}

}  // namespace ikada::ecr
