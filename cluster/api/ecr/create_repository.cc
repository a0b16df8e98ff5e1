#include "cluster/api/ecr/ecr_actions.h"
#include "cluster/api/ecr/ecr_lookup.h"
#include "cluster/api/ecr/ecr_tags.h"
#include "cluster/api/ecr/repository_settings.h"
#include "image/reference.h"

namespace ikada::ecr {
namespace {

constexpr size_t kMostRepositories = 10'000;

struct EncryptionInput {
  std::string type = "AES256";
};

void describe(JsonFields& fields, EncryptionInput& input) {
  fields.field("encryptionType", input.type);
}

struct CreateRepositoryInput {
  RepositoryInput repository;
  std::string mutability = "MUTABLE";
  ScanningInput scanning;
  EncryptionInput encryption;
  std::vector<TagInput> tags;
};

void describe(JsonFields& fields, CreateRepositoryInput& input) {
  describe(fields, input.repository);
  fields.field("imageTagMutability", input.mutability);
  fields.field("imageScanningConfiguration", input.scanning);
  fields.field("encryptionConfiguration", input.encryption);
  fields.field("tags", input.tags);
}

Result<ImageRepository> read_repository(const ApiCall& call) {
  IK_LET(input, parse_input<CreateRepositoryInput>(call));
  const std::string& name = input.repository.name;
  if (!is_repository_name(name) || name.size() < kMinRepositoryName) {
    return invalid_parameter(
        "Invalid parameter at 'repositoryName' failed to satisfy constraint: "
        "'must satisfy regular expression "
        "'(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*''");
  }
  if (input.encryption.type != "AES256") {
    return invalid_parameter("The encryption type '{}' is not supported.", input.encryption.type);
  }
  IK_LET(is_immutable, read_mutability(input.mutability));
  IK_LET(tags, read_tags(input.tags));
  return ImageRepository{.name = name,
                         .created_at = call.now,
                         .has_immutable_tags = is_immutable,
                         .scans_on_push = input.scanning.on_push,
                         .tags = std::move(tags)};
}

}  // namespace

Result<Outcome> create_repository(const ApiCall& call, const State& state) {
  IK_LET(repository, read_repository(call));
  const ScopeState& scope = state.scope(registry_scope(call));
  if (scope.find_repository(repository.name) != nullptr) {
    return ecs_error("RepositoryAlreadyExistsException",
                     "The repository with name '{}' already exists in the registry with id '{}'",
                     repository.name,
                     call.options.account);
  }
  if (scope.repositories.size() >= kMostRepositories) {
    return ecs_error("LimitExceededException", "There are {} repositories", kMostRepositories);
  }
  Json shown = {{"repository", show_repository(call, repository)}};
  Proposal proposal{.then = [shown = std::move(shown)](const State&) { return shown; }};
  proposal.put(repository_key(registry_scope(call), repository.name), repository, 0);
  return propose(std::move(proposal));
}

}  // namespace ikada::ecr
