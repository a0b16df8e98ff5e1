#include <algorithm>
#include <iterator>

#include "cluster/api/ecr/ecr_actions.h"

namespace ikada::ecr {
namespace {

constexpr ActionEntry kEcrActions[] = {
    {"BatchDeleteImage", batch_delete_image},
    {"CreateRepository", create_repository},
    {"DeleteLifecyclePolicy", delete_lifecycle_policy},
    {"DeleteRepository", delete_repository},
    {"DeleteRepositoryPolicy", delete_repository_policy},
    {"DescribeImages", describe_images},
    {"DescribeRegistry", describe_registry},
    {"DescribeRepositories", describe_repositories},
    {"GetAuthorizationToken", get_authorization_token},
    {"GetLifecyclePolicy", get_lifecycle_policy},
    {"GetLifecyclePolicyPreview", get_lifecycle_policy_preview},
    {"GetRepositoryPolicy", get_repository_policy},
    {"ListImages", list_images},
    {"ListTagsForResource", list_tags_for_resource},
    {"PutImageScanningConfiguration", put_image_scanning_configuration},
    {"PutImageTagMutability", put_image_tag_mutability},
    {"PutLifecyclePolicy", put_lifecycle_policy},
    {"SetRepositoryPolicy", set_repository_policy},
    {"StartLifecyclePolicyPreview", start_lifecycle_policy_preview},
    {"TagResource", tag_resource},
    {"UntagResource", untag_resource},
};

constexpr ActionEntry kOwnActions[] = {{"RecordImage", record_image}};

template <size_t kCount>
const ActionEntry* find_in(const ActionEntry (&entries)[kCount], std::string_view name) {
  const auto* const found =
      std::find_if(std::begin(entries), std::end(entries), [&](const ActionEntry& each) {
        return each.name == name;
      });
  return found == std::end(entries) ? nullptr : found;
}

}  // namespace

const ActionEntry* find_action(std::string_view name) { return find_in(kEcrActions, name); }

const ActionEntry* find_own_action(std::string_view name) { return find_in(kOwnActions, name); }

}  // namespace ikada::ecr
