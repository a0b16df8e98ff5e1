// What names in a request to the registry stand for, and what records look like in an answer.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/api/api_call.h"
#include "cluster/api/outcome.h"
#include "cluster/api/page.h"
#include "cluster/state/state.h"

namespace ikada::ecr {

// Where the registry's records stand, whatever region is called.
Scope registry_scope(const ApiCall& call);

// The members that name a repository in most requests.
struct RepositoryInput {
  std::string registry_id;
  std::string name;
};
void describe(JsonFields& fields, RepositoryInput& input);

// Whether a registry's id means this one: the account's, or none.
bool is_own_registry(const ApiCall& call, const std::string& registry_id);

// RepositoryNotFoundException.
Result<const RepositoryState*> find_repository(const ApiCall& call,
                                               const State& state,
                                               const RepositoryInput& input);
// Of an ARN; InvalidParameterException, RepositoryNotFoundException.
Result<const RepositoryState*> find_repository_by_arn(const ApiCall& call,
                                                      const State& state,
                                                      const std::string& arn);
Error no_such_repository(std::string_view name, std::string_view account);

// The registry as clients of this call name it: "127.0.0.1:7439".
std::string registry_host(const ApiCall& call);

Json show_repository(const ApiCall& call, const ImageRepository& repository);

// Proposes the record as it is to be; `shown` is the answer.
Outcome change_repository(const ApiCall& call,
                          const RepositoryState& before,
                          const ImageRepository& after,
                          Json shown);

struct ImageId {
  std::string digest;
  std::string tag;
};
void describe(JsonFields& fields, ImageId& id);
Json to_shown(const ImageId& id);

// Why an image cannot be had, as ECR's failures say it.
struct ImageFailure {
  std::string code;
  std::string reason;
};

// The image that an id names, or why it names none.
struct FoundImage {
  const Kept<RepositoryImage>* image = nullptr;
  ImageFailure failure = {};
};
FoundImage find_image(const RepositoryState& repository, const ImageId& id);
Json show_failure(const ImageId& id, const ImageFailure& failure);

// The tags of each image, by digest.
std::map<std::string, std::vector<std::string>> tags_by_digest(const RepositoryState& repository);

// Whether an index of the repository lists it.
bool is_listed_by_index(const RepositoryState& repository, const std::string& digest);

// Adds the changes that remove an image and its tags.
void remove_image(Proposal& proposal,
                  const Scope& scope,
                  const RepositoryState& repository,
                  const std::string& digest);

// ECR's pages may be asked to have up to 1000 items; ours have up to 100.
Result<Json> ecr_page(std::vector<ListItem> items, PageInput input, const char* member);
void describe_page(JsonFields& fields, PageInput& input);

}  // namespace ikada::ecr
