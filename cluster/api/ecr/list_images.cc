#include "cluster/api/ecr/ecr_actions.h"
#include "cluster/api/ecr/ecr_lookup.h"

namespace ikada::ecr {
namespace {

struct TagFilter {
  std::string status = "ANY";
};

void describe(JsonFields& fields, TagFilter& filter) { fields.field("tagStatus", filter.status); }

struct ImagesInput {
  RepositoryInput repository;
  std::optional<std::vector<ImageId>> ids;
  TagFilter filter;
  PageInput page;
};

void describe(JsonFields& fields, ImagesInput& input) {
  describe(fields, input.repository);
  fields.field("imageIds", input.ids);
  fields.field("filter", input.filter);
  describe_page(fields, input.page);
}

bool fits(const TagFilter& filter, bool is_tagged) {
  return filter.status == "ANY" || (filter.status == "TAGGED") == is_tagged;
}

Result<void> check_filter(const TagFilter& filter) {
  if (filter.status == "ANY" || filter.status == "TAGGED" || filter.status == "UNTAGGED") return {};
  return invalid_parameter(
      "Invalid parameter at 'filter' failed to satisfy constraint: 'Member "
      "must satisfy enum value set: [TAGGED, UNTAGGED, ANY]'");
}

Json show_image(const ApiCall& call,
                const std::string& repository,
                const RepositoryImage& image,
                const std::vector<std::string>& tags) {
  Json shown = {{"registryId", call.options.account},
                {"repositoryName", repository},
                {"imageDigest", image.digest},
                {"imageSizeInBytes", image.size_bytes},
                {"imageManifestMediaType", image.media_type}};
  Timestamp pushed = image.pushed_at;
  JsonFields(shown).field("imagePushedAt", pushed);
  if (!tags.empty()) shown["imageTags"] = tags;
  if (!image.artifact_type.empty()) shown["artifactMediaType"] = image.artifact_type;
  return shown;
}

}  // namespace

Result<Outcome> list_images(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<ImagesInput>(call));
  IK_TRY(check_filter(input.filter));
  IK_LET(found, find_repository(call, state, input.repository));
  const auto tags = tags_by_digest(*found);
  std::vector<ListItem> items;
  for (const auto& [digest, image] : found->images) {
    const auto named = tags.find(digest);
    if (!fits(input.filter, named != tags.end())) continue;
    if (named == tags.end()) {
      items.push_back({.key = digest, .shown = {{"imageDigest", digest}}});
      continue;
    }
    for (const std::string& tag : named->second) {
      items.push_back({.key = fmt::format("{} {}", digest, tag),
                       .shown = {{"imageDigest", digest}, {"imageTag", tag}}});
    }
  }
  IK_LET(shown, ecr_page(std::move(items), input.page, "imageIds"));
  return answer(std::move(shown));
}

Result<Outcome> describe_images(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<ImagesInput>(call));
  IK_TRY(check_filter(input.filter));
  IK_LET(found, find_repository(call, state, input.repository));
  const std::string& name = found->record.value.name;
  auto tags = tags_by_digest(*found);
  std::vector<ListItem> items;
  const auto add = [&](const RepositoryImage& image) {
    const std::vector<std::string>& named = tags[image.digest];
    if (!fits(input.filter, !named.empty())) return;
    items.push_back({.key = image.digest, .shown = show_image(call, name, image, named)});
  };
  if (!input.ids.has_value()) {
    for (const auto& [digest, image] : found->images) add(image.value);
  } else {
    for (const ImageId& id : *input.ids) {
      const FoundImage image = find_image(*found, id);
      if (image.image == nullptr && image.failure.code != "ImageNotFound") {
        return invalid_parameter("{}", image.failure.reason);
      }
      if (image.image == nullptr) {
        return ecs_error("ImageNotFoundException",
                         "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not "
                         "exist within the repository with name '{}' in the registry with id '{}'",
                         id.digest.empty() ? "null" : id.digest,
                         id.tag.empty() ? "null" : id.tag,
                         name,
                         call.options.account);
      }
      add(image.image->value);
    }
  }
  IK_LET(shown, ecr_page(std::move(items), input.page, "imageDetails"));
  return answer(std::move(shown));
}

}  // namespace ikada::ecr
