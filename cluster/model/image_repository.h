// The cluster's own registry as records: repositories, the images in them, and the tags that name
// images. Manifests and layers themselves are files (image/registry/layout.h).
//
// The registry has one address for all regions, so these stand in the home region.
//
// Source: Amazon ECR API Reference, the data types Repository, ImageDetail.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/model/arn.h"
#include "cluster/model/json_fields.h"
#include "cluster/model/tag.h"

namespace ikada {

struct ImageRepository {
  std::string name = {};
  Timestamp created_at = {};
  bool has_immutable_tags = false;
  bool scans_on_push = false;  // Shown as it was set; nothing is scanned.
  std::vector<Tag> tags = {};
  std::optional<std::string> lifecycle_policy = {};  // As it was given.
  std::optional<std::string> previewed_policy = {};  // Likewise, to see what it would do.
  Timestamp evaluated_at = {};                       // When its rules were last followed.
  std::optional<std::string> policy = {};            // Who else may what, as it was given.
};
void describe(JsonFields& fields, ImageRepository& repository);

struct RepositoryImage {
  std::string digest = {};  // Of the manifest.
  std::string media_type = {};
  std::string artifact_type = {};  // Of its config, where it says no other.
  std::int64_t size_bytes = 0;     // Of its layers and its config.
  Timestamp pushed_at = {};
  std::vector<std::string> manifests = {};  // Of an index: the digests of those it lists.
  std::string subject = {};                 // The digest of the one it refers to.
};
void describe(JsonFields& fields, RepositoryImage& image);

struct ImageTag {
  std::string digest = {};
};
void describe(JsonFields& fields, ImageTag& tag);

inline constexpr size_t kMinRepositoryName = 2;
inline constexpr size_t kMaxRepositoryName = 256;

// The name in its record's key and in the state, where there is no '/'.
std::string repository_record_name(std::string_view name);

// "arn:aws:ecr:REGION:ACCOUNT:repository/team/web"
std::string repository_arn(const Scope& scope, std::string_view name);

}  // namespace ikada
