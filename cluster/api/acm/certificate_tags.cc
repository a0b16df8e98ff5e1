#include <algorithm>

#include "cluster/api/acm/certificate_actions.h"
#include "cluster/api/acm/certificate_lookup.h"

namespace ikada::acm {
namespace {

struct CertificateTagsInput {
  std::string arn;
  std::vector<elb::TagInput> tags;
};

void describe(JsonFields& fields, CertificateTagsInput& input) {
  fields.required("CertificateArn", input.arn);
  fields.required("Tags", input.tags);
}

}  // namespace

Result<Outcome> add_tags_to_certificate(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<CertificateTagsInput>(call));
  IK_LET(found, find_certificate(call, state, input.arn));
  IK_LET(added, read_certificate_tags(input.tags));
  ServerCertificate changed = found->value;
  merge_tags(changed.tags, added);
  IK_TRY(check_certificate_tags(changed.tags));
  return put_certificate(call, changed, found->revision);
}

// A tag that is given with a value goes only if it has that value.
Result<Outcome> remove_tags_from_certificate(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<CertificateTagsInput>(call));
  IK_LET(found, find_certificate(call, state, input.arn));
  ServerCertificate changed = found->value;
  std::erase_if(changed.tags, [&](const Tag& tag) {
    return std::ranges::any_of(input.tags, [&](const elb::TagInput& each) {
      return each.tag.key == tag.key && (each.tag.value.empty() || each.tag.value == tag.value);
    });
  });
  return put_certificate(call, changed, found->revision);
}

Result<Outcome> list_tags_for_certificate(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<CertificateInput>(call));
  IK_LET(found, find_certificate(call, state, input.arn));
  Json tags = Json::array();
  for (const Tag& tag : found->value.tags) tags.push_back({{"Key", tag.key}, {"Value", tag.value}});
  return answer(Json{{"Tags", std::move(tags)}});
}

}  // namespace ikada::acm
