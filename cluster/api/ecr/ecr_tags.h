// Tags of repositories in ECR's spelling, and the actions on them.
#pragma once

#include <vector>

#include "cluster/model/tag.h"

namespace ikada::ecr {

struct TagInput {
  Tag tag = {};
};
void describe(JsonFields& fields, TagInput& input);

// InvalidTagParameterException, TooManyTagsException.
Result<std::vector<Tag>> read_tags(const std::vector<TagInput>& inputs);

}  // namespace ikada::ecr
