#include "cluster/api/ecr/ecr_actions.h"
#include "cluster/api/ecr/ecr_lookup.h"

namespace ikada::ecr {
namespace {

struct DeleteRepositoryInput {
  RepositoryInput repository;
  bool force = false;
};

void describe(JsonFields& fields, DeleteRepositoryInput& input) {
  describe(fields, input.repository);
  fields.field("force", input.force);
}

}  // namespace

// With many images in several transactions: what is left of them is found by the next call.
Result<Outcome> delete_repository(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<DeleteRepositoryInput>(call));
  IK_LET(found, find_repository(call, state, input.repository));
  const ImageRepository& repository = found->record.value;
  if (!input.force && !found->images.empty()) {
    return ecs_error("RepositoryNotEmptyException",
                     "The repository with name '{}' in registry with id '{}' cannot be deleted "
                     "because it still contains images",
                     repository.name,
                     call.options.account);
  }
  const Scope scope = registry_scope(call);
  Json shown = {{"repository", show_repository(call, repository)}};
  Proposal proposal{.then = [shown = std::move(shown)](const State&) { return shown; }};
  for (const auto& [tag, kept] : found->tags) {
    if (proposal.changes.size() >= kMaxChanges) break;
    proposal.remove(image_tag_key(scope, repository.name, tag), kept.revision);
  }
  for (const auto& [digest, kept] : found->images) {
    if (proposal.changes.size() >= kMaxChanges) break;
    proposal.remove(image_key(scope, repository.name, digest), kept.revision);
  }
  if (proposal.changes.size() >= kMaxChanges) {
    proposal.again = true;
    proposal.guard(repository_key(scope, repository.name), found->record.revision);
  } else {
    proposal.remove(repository_key(scope, repository.name), found->record.revision);
  }
  return propose(std::move(proposal));
}

}  // namespace ikada::ecr
