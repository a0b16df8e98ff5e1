// Tags in Elastic Load Balancing's spelling, and the actions on them.
#pragma once

#include <vector>

#include "cluster/api/elb/elb_lookup.h"

namespace ikada::elb {

struct TagInput {
  Tag tag = {};
};
void describe(JsonFields& fields, TagInput& input);

// DuplicateTagKeys, TooManyTags, ValidationError.
Result<std::vector<Tag>> read_tags(const std::vector<TagInput>& inputs);

}  // namespace ikada::elb
