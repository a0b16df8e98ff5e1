#include "cluster/model/image_repository.h"

#include <algorithm>

#include <fmt/core.h>

namespace ikada {

void describe(JsonFields& fields, ImageRepository& repository) {
  fields.required("name", repository.name);
  fields.field("createdAt", repository.created_at);
  fields.field("hasImmutableTags", repository.has_immutable_tags);
  fields.field("scansOnPush", repository.scans_on_push);
  fields.field("tags", repository.tags);
  fields.field("lifecyclePolicy", repository.lifecycle_policy);
  fields.field("previewedPolicy", repository.previewed_policy);
  fields.field("evaluatedAt", repository.evaluated_at);
  fields.field("policy", repository.policy);
}

void describe(JsonFields& fields, RepositoryImage& image) {
  fields.required("digest", image.digest);
  fields.field("mediaType", image.media_type);
  fields.field("artifactType", image.artifact_type);
  fields.field("sizeBytes", image.size_bytes);
  fields.field("pushedAt", image.pushed_at);
  fields.field("manifests", image.manifests);
  fields.field("subject", image.subject);
}

void describe(JsonFields& fields, ImageTag& tag) { fields.required("digest", tag.digest); }

std::string repository_record_name(std::string_view name) {
  std::string text(name);
  std::replace(text.begin(), text.end(), '/', '%');
  return text;
}

std::string repository_arn(const Scope& scope, std::string_view name) {
  return fmt::format("arn:aws:ecr:{}:{}:repository/{}", scope.region, scope.account, name);
}

}  // namespace ikada
