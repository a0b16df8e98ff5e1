#include "cluster/api/ecr/repository_settings.h"

#include "cluster/api/ecr/ecr_actions.h"
#include "cluster/api/ecr/ecr_lookup.h"

namespace ikada::ecr {
namespace {

struct MutabilityInput {
  RepositoryInput repository;
  std::string mutability;
};

void describe(JsonFields& fields, MutabilityInput& input) {
  describe(fields, input.repository);
  fields.required("imageTagMutability", input.mutability);
}

struct ScanningChangeInput {
  RepositoryInput repository;
  ScanningInput scanning;
};

void describe(JsonFields& fields, ScanningChangeInput& input) {
  describe(fields, input.repository);
  fields.required("imageScanningConfiguration", input.scanning);
}

}  // namespace

void describe(JsonFields& fields, ScanningInput& input) {
  fields.field("scanOnPush", input.on_push);
}

Result<bool> read_mutability(const std::string& text) {
  if (text == "MUTABLE" || text == "IMMUTABLE") return text == "IMMUTABLE";
  return invalid_parameter(
      "Invalid parameter at 'imageTagMutability' failed to satisfy "
      "constraint: 'Member must satisfy enum value set: [IMMUTABLE, "
      "MUTABLE]'");
}

Result<Outcome> put_image_tag_mutability(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<MutabilityInput>(call));
  IK_LET(is_immutable, read_mutability(input.mutability));
  IK_LET(found, find_repository(call, state, input.repository));
  ImageRepository changed = found->record.value;
  changed.has_immutable_tags = is_immutable;
  return change_repository(call,
                           *found,
                           changed,
                           {{"registryId", call.options.account},
                            {"repositoryName", changed.name},
                            {"imageTagMutability", input.mutability}});
}

Result<Outcome> put_image_scanning_configuration(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<ScanningChangeInput>(call));
  IK_LET(found, find_repository(call, state, input.repository));
  ImageRepository changed = found->record.value;
  changed.scans_on_push = input.scanning.on_push;
  return change_repository(
      call,
      *found,
      changed,
      {{"registryId", call.options.account},
       {"repositoryName", changed.name},
       {"imageScanningConfiguration", {{"scanOnPush", changed.scans_on_push}}}});
}

}  // namespace ikada::ecr
