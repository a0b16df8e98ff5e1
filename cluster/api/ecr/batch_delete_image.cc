#include <algorithm>

#include "cluster/api/ecr/ecr_actions.h"
#include "cluster/api/ecr/ecr_lookup.h"

namespace ikada::ecr {
namespace {

constexpr size_t kMostIds = 100;

struct BatchDeleteImageInput {
  RepositoryInput repository;
  std::vector<ImageId> ids;
};

void describe(JsonFields& fields, BatchDeleteImageInput& input) {
  describe(fields, input.repository);
  fields.required("imageIds", input.ids);
}

// What one call removes, before it is proposed: two ids may name one image.
class Removal {
 public:
  explicit Removal(const RepositoryState& repository)
      : repository_(repository), tags_(tags_by_digest(repository)) {}

  void take(const ImageId& id) {
    const FoundImage found = find_image(repository_, id);
    if (found.image == nullptr) {
      failures_.push_back(show_failure(id, found.failure));
      return;
    }
    const std::string& digest = found.image->value.digest;
    std::vector<std::string>& named = tags_[digest];
    // By another of the ids.
    const bool is_gone = std::count(removed_.begin(), removed_.end(), digest) > 0 ||
                         (!id.tag.empty() && std::count(named.begin(), named.end(), id.tag) == 0);
    if (is_gone) return;
    const bool only_the_tag = !id.tag.empty() && named.size() > 1;
    if (!only_the_tag && is_listed(digest)) {
      failures_.push_back(show_failure(
          id,
          {.code = "ImageReferencedByManifestList",
           .reason = fmt::format("Requested image referenced by manifest list: {}", digest)}));
      return;
    }
    if (only_the_tag) {
      note(digest, id.tag);
      std::erase(named, id.tag);
      removed_tags_.push_back(id.tag);
      return;
    }
    if (named.empty()) note(digest, "");
    for (const std::string& tag : named) note(digest, tag);
    for (const std::string& tag : named) removed_tags_.push_back(tag);
    named.clear();
    removed_.push_back(digest);
  }

  Proposal plan(const Scope& scope) {
    const std::string& name = repository_.record.value.name;
    Json shown = {{"imageIds", std::move(deleted_)}, {"failures", std::move(failures_)}};
    Proposal proposal{.then = [shown = std::move(shown)](const State&) { return shown; }};
    for (const std::string& tag : removed_tags_) {
      proposal.remove(image_tag_key(scope, name, tag), repository_.tags.find(tag)->second.revision);
    }
    for (const std::string& digest : removed_) {
      proposal.remove(image_key(scope, name, digest),
                      repository_.images.find(digest)->second.revision);
    }
    return proposal;
  }

 private:
  // By an index that stays.
  bool is_listed(const std::string& digest) const {
    return std::any_of(repository_.images.begin(), repository_.images.end(), [&](const auto& each) {
      const RepositoryImage& image = each.second.value;
      return std::count(image.manifests.begin(), image.manifests.end(), digest) > 0 &&
             std::count(removed_.begin(), removed_.end(), image.digest) == 0;
    });
  }

  void note(const std::string& digest, const std::string& tag) {
    deleted_.push_back(to_shown({.digest = digest, .tag = tag}));
  }

  const RepositoryState& repository_;
  std::map<std::string, std::vector<std::string>> tags_;
  std::vector<std::string> removed_;
  std::vector<std::string> removed_tags_;
  Json deleted_ = Json::array();
  Json failures_ = Json::array();
};

}  // namespace

// By its digest an image goes with all its tags; by a tag that goes, and with the last one the
// image.
Result<Outcome> batch_delete_image(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<BatchDeleteImageInput>(call));
  if (input.ids.empty() || input.ids.size() > kMostIds) {
    return invalid_parameter(
        "Invalid parameter at 'imageIds' failed to satisfy constraint: "
        "'Member must have length between 1 and {}'",
        kMostIds);
  }
  IK_LET(found, find_repository(call, state, input.repository));
  Removal removal(*found);
  std::vector<ImageId> unique;
  for (const ImageId& id : input.ids) {
    const bool is_known = std::any_of(unique.begin(), unique.end(), [&](const ImageId& each) {
      return each.digest == id.digest && each.tag == id.tag;
    });
    if (!is_known) unique.push_back(id);
  }
  for (const ImageId& id : unique) removal.take(id);
  Proposal proposal = removal.plan(registry_scope(call));
  if (proposal.changes.empty()) return answer(proposal.then(state));
  return propose(std::move(proposal));
}

}  // namespace ikada::ecr
