#include "cluster/api/ecr/ecr_tags.h"

#include "cluster/api/ecr/ecr_actions.h"
#include "cluster/api/ecr/ecr_lookup.h"

namespace ikada::ecr {
namespace {

struct TagResourceInput {
  std::string arn;
  std::vector<TagInput> tags;
};

void describe(JsonFields& fields, TagResourceInput& input) {
  fields.required("resourceArn", input.arn);
  fields.required("tags", input.tags);
}

struct UntagResourceInput {
  std::string arn;
  std::vector<std::string> keys;
};

void describe(JsonFields& fields, UntagResourceInput& input) {
  fields.required("resourceArn", input.arn);
  fields.required("tagKeys", input.keys);
}

struct ListTagsInput {
  std::string arn;
};

void describe(JsonFields& fields, ListTagsInput& input) {
  fields.required("resourceArn", input.arn);
}

Result<void> check_as_ecr(const std::vector<Tag>& tags) {
  if (tags.size() > kMaxTagsPerResource) {
    return ecs_error(
        "TooManyTagsException", "A repository can have up to {} tags", kMaxTagsPerResource);
  }
  Result<void> checked = check_tags(tags);
  if (!checked.has_value()) checked.error().code = "InvalidTagParameterException";
  return checked;
}

Outcome propose_tags(const ApiCall& call,
                     const RepositoryState& repository,
                     std::vector<Tag> tags) {
  ImageRepository changed = repository.record.value;
  changed.tags = std::move(tags);
  return change_repository(call, repository, changed, Json::object());
}

}  // namespace

void describe(JsonFields& fields, TagInput& input) {
  fields.required("Key", input.tag.key);
  fields.field("Value", input.tag.value);
}

Result<std::vector<Tag>> read_tags(const std::vector<TagInput>& inputs) {
  std::vector<Tag> tags;
  tags.reserve(inputs.size());
  for (const TagInput& each : inputs) tags.push_back(each.tag);
  IK_TRY(check_as_ecr(tags));
  return tags;
}

Result<Outcome> tag_resource(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<TagResourceInput>(call));
  IK_LET(found, find_repository_by_arn(call, state, input.arn));
  IK_LET(added, read_tags(input.tags));
  std::vector<Tag> tags = found->record.value.tags;
  merge_tags(tags, added);
  IK_TRY(check_as_ecr(tags));
  return propose_tags(call, *found, std::move(tags));
}

Result<Outcome> untag_resource(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<UntagResourceInput>(call));
  IK_LET(found, find_repository_by_arn(call, state, input.arn));
  std::vector<Tag> tags = found->record.value.tags;
  remove_tags(tags, input.keys);
  return propose_tags(call, *found, std::move(tags));
}

Result<Outcome> list_tags_for_resource(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<ListTagsInput>(call));
  IK_LET(found, find_repository_by_arn(call, state, input.arn));
  Json shown = Json::array();
  for (const Tag& tag : found->record.value.tags) shown.push_back(to_json(TagInput{tag}));
  return answer({{"tags", std::move(shown)}});
}

}  // namespace ikada::ecr
