#include "cluster/registry/registry_keeper.h"

#include <algorithm>
#include <mutex>
#include <thread>
#include <utility>

#include <boost/asio/post.hpp>

#include "cluster/api/ecr/ecr_actions.h"
#include "cluster/api/ecr/registry_token.h"
#include "cluster/api/ecr/repository_policy.h"
#include "cluster/auth/role_rights.h"
#include "image/registry/failure.h"
#include "runtime/base/random_id.h"

namespace ikada {
namespace {

using registry::api_error;

constexpr std::chrono::seconds kPatience{30};
constexpr std::chrono::milliseconds kLookAgain{100};
constexpr std::chrono::milliseconds kLookAtState{10};
constexpr std::chrono::seconds kStatePatience{5};
constexpr size_t kRequestIdBytes = 16;

Error not_now() {
  return api_error(registry::kNotNow, "the cluster's managers do not answer, try again");
}

std::vector<std::string_view> actions_of(registry::Action action) {
  if (action == registry::Action::kPull) {
    return {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"};
  }
  if (action == registry::Action::kDelete) return {"ecr:BatchDeleteImage"};
  return {
      "ecr:PutImage", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload"};
}

bool may_act(const std::string& principal,
             const std::optional<std::string>& policy,
             const ApiOptions& options,
             std::string_view action) {
  const ecr::PolicyWord word = policy.has_value()
                                   ? ecr::read_repository_policy(*policy, principal, action)
                                   : ecr::PolicyWord::kNothing;
  if (word == ecr::PolicyWord::kDenies) return false;
  return word == ecr::PolicyWord::kAllows || may_session(options.role_actions, principal, action);
}

Error unknown_repository(const std::string& name, const std::string& account) {
  return api_error(registry::kNameUnknown,
                   "The repository with name '{}' does not exist in the registry with id '{}'",
                   name,
                   account);
}

// What the registry says where the API has refused.
Error registry_error(const Error& error) {
  struct Row {
    std::string_view api;
    std::string_view registry;
  };
  static constexpr Row kRows[] = {
      {"RepositoryNotFoundException", registry::kNameUnknown},
      {"ImageTagAlreadyExistsException", registry::kTagInvalid},
      {"ImageAlreadyExistsException", registry::kTagInvalid},
      {"ReferencedImagesNotFoundException", registry::kManifestBlobUnknown},
      {"AccessDeniedException", registry::kDenied}};
  for (const Row& row : kRows) {
    if (error.code == row.api) return api_error(row.registry, "{}", error.message);
  }
  return api_error(registry::kNotNow, "{}", error.message);
}

Result<Json> answer_in(const ApiReply& reply) {
  constexpr unsigned kFirstError = 400;
  IK_LET(body, parse_json(reply.body));
  if (reply.status < kFirstError) return body;
  Error error = make_error(ErrorKind::kInvalid, "{}", body.value("message", ""));
  error.code = body.value("__type", "");
  return error;
}

}  // namespace

bool may_use_repository(const std::string& principal,
                        const std::optional<std::string>& policy,
                        const ApiOptions& options,
                        registry::Action action) {
  if (principal.starts_with(kNodeUser)) return action == registry::Action::kPull;
  if (principal == fmt::format("arn:aws:iam::{}:root", options.account)) return true;
  const std::vector<std::string_view> actions = actions_of(action);
  return std::all_of(actions.begin(), actions.end(), [&](std::string_view each) {
    return may_act(principal, policy, options, each);
  });
}

Result<void> check_node(const ScopeState& home, const std::string& user, const NodeClaim& claim) {
  constexpr std::string_view kManagerRole = "manager";
  const auto found = home.nodes.find(user.substr(kNodeUser.size()));
  if (found == home.nodes.end()) {
    return api_error(registry::kDenied, "the cluster knows no such node");
  }
  const Node& node = found->second.value;
  if (claim.is_manager && node.role != kManagerRole && node.wanted_role != kManagerRole) {
    return api_error(registry::kDenied, "this is for managers");
  }
  if (!claim.address.empty() && node.address != claim.address) {
    return api_error(registry::kDenied, "{} is another node's address", claim.address);
  }
  return {};
}

// Shared with what waits on the loop, which may be forgotten there: who has stopped waiting has
// taken its question back.
struct RegistryKeeper::Line {
  std::atomic<bool> is_closed = false;
  std::mutex mutex;
};

RegistryKeeper::RegistryKeeper(const Ground& ground)
    : ground_(ground), line_(std::make_shared<Line>()) {}

RegistryKeeper::~RegistryKeeper() { close(); }

void RegistryKeeper::close() { line_->is_closed = true; }

Result<void> RegistryKeeper::look(const std::function<void(const ScopeState& home)>& work) {
  struct PendingLook {
    const std::function<void(const ScopeState&)>* work = nullptr;  // Guarded by the line's mutex.
    std::promise<Result<void>> answer = {};
  };
  if (line_->is_closed) return not_now();
  const auto question = std::make_shared<PendingLook>(PendingLook{.work = &work});
  std::future<Result<void>> answered = question->answer.get_future();
  boost::asio::post(ground_.loop, [ground = ground_, line = line_, question] {
    const std::lock_guard lock(line->mutex);
    if (question->work == nullptr) return;
    if (line->is_closed || !ground.feed.is_ready()) return question->answer.set_value(not_now());
    const ApiOptions& options = ground.api.options();
    (*question->work)(
        ground.feed.state().scope({.account = options.account, .region = options.home_region}));
    question->answer.set_value({});
  });
  Result<void> done = wait_for(answered);
  const std::lock_guard lock(line_->mutex);
  question->work = nullptr;
  return done;
}

template <typename T>
Result<T> RegistryKeeper::wait_for(std::future<Result<T>>& answered) const {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (answered.wait_for(kLookAgain) != std::future_status::ready) {
    if (line_->is_closed || std::chrono::steady_clock::now() >= end) return not_now();
  }
  return answered.get();
}

Result<Json> RegistryKeeper::call(const std::string& user,
                                  std::string_view target,
                                  const Json& body) {
  if (line_->is_closed) return not_now();
  const auto answer = std::make_shared<std::promise<Result<Json>>>();
  std::future<Result<Json>> answered = answer->get_future();
  ApiRequest request{.target = std::string(target),
                     .body = body.dump(),
                     .region = ground_.api.options().home_region,
                     .caller_arn = user};
  boost::asio::post(
      ground_.loop, [ground = ground_, line = line_, answer, request = std::move(request)] {
        if (line->is_closed) return answer->set_value(not_now());
        if (!ground.audit.accepts_changes()) {
          return answer->set_value(
              api_error(registry::kNotNow, "the audit log has no room on its disk"));
        }
        ground.api.handle(request,
                          [answer](const ApiReply& reply) { answer->set_value(answer_in(reply)); });
      });
  return wait_for(answered);
}

Result<std::string> RegistryKeeper::open_token(const std::string& token,
                                               const std::string& layer) const {
  const auto& vault = ground_.api.options().vault;
  if (vault == nullptr) return api_error(registry::kUnauthorized, "this manager takes no tokens");
  const Timestamp now = ground_.api.ground().now();
  const Result<ecr::RegistryToken> opened = ecr::open_token(*vault, token, now);
  if (!opened.has_value()) {
    return api_error(registry::kUnauthorized, "{}", opened.error().message);
  }
  if (opened->layer != layer) {
    return api_error(registry::kUnauthorized, "the token is for something else");
  }
  return opened->principal;
}

Result<std::string> RegistryKeeper::identify(const registry::BasicAuthorization& given) {
  if (given.user != "AWS") return api_error(registry::kUnauthorized, "the user must be AWS");
  return open_token(given.password, "");
}

Result<std::string> RegistryKeeper::identify_link(const std::string& token,
                                                  const std::string& repository,
                                                  const std::string& digest) {
  return open_token(token, fmt::format("{}@{}", repository, digest));
}

Result<void> RegistryKeeper::authorize(const std::string& user,
                                       const std::string& repository,
                                       registry::Action action) {
  const ApiOptions& options = ground_.api.options();
  return ask<bool>([user, repository, action, &options](const ScopeState& home) -> Result<bool> {
           const RepositoryState* found = home.find_repository(repository);
           const std::optional<std::string> policy =
               found == nullptr ? std::nullopt : found->record.value.policy;
           if (!may_use_repository(user, policy, options, action)) {
             return api_error(registry::kDenied,
                              "User: {} is not authorized to {} {}",
                              user,
                              registry::name_of(action),
                              repository);
           }
           const bool is_node = user.starts_with(kNodeUser) && user != kOwnUser;
           if (is_node) IK_TRY(check_node(home, user, {}));
           if (found == nullptr) return unknown_repository(repository, options.account);
           return true;
         })
      .map([](bool) {});
}

Result<void> RegistryKeeper::admit(const std::string& user, const NodeClaim& claim) {
  if (user == kOwnUser) return {};
  return ask<bool>([user, claim](const ScopeState& home) -> Result<bool> {
           IK_TRY(check_node(home, user, claim));
           return true;
         })
      .map([](bool) {});
}

Result<registry::ContentDigest> RegistryKeeper::find_image(const std::string& repository,
                                                           const std::string& reference) {
  return ask<registry::ContentDigest>(
      [repository, reference](const ScopeState& home) -> Result<registry::ContentDigest> {
        const Error unknown =
            api_error(registry::kManifestUnknown, "Requested image {} not found", reference);
        const RepositoryState* found = home.find_repository(repository);
        if (found == nullptr) return unknown;
        std::string digest = reference;
        if (reference.find(':') == std::string::npos) {
          const auto tag = found->tags.find(reference);
          if (tag == found->tags.end()) return unknown;
          digest = tag->second.value.digest;
        }
        if (found->images.find(digest) == found->images.end()) return unknown;
        return registry::ContentDigest::parse(digest);
      });
}

void RegistryKeeper::await_state(const std::function<bool(const ScopeState& home)>& is_done) {
  const auto end = std::chrono::steady_clock::now() + kStatePatience;
  while (std::chrono::steady_clock::now() < end) {
    const Result<bool> done =
        ask<bool>([is_done](const ScopeState& home) -> Result<bool> { return is_done(home); });
    if (!done.has_value() || *done) return;
    std::this_thread::sleep_for(kLookAtState);
  }
}

Result<void> RegistryKeeper::record(const registry::PushedImage& image) {
  RepositoryImage record{.digest = image.digest.text(),
                         .media_type = image.media_type,
                         .artifact_type = image.artifact_type,
                         .size_bytes = static_cast<std::int64_t>(image.size_bytes),
                         .pushed_at = {},
                         .manifests = image.manifests,
                         .subject = image.subject};
  const Json body = {{"repositoryName", image.repository},
                     {"tag", image.tag},
                     {"image", to_json(record)},
                     {"mustBeNew", image.must_be_new}};
  IK_TRY(copies_.copies->spread(other_managers(), image.repository, image.digest.text()));
  const std::string target = std::string(ecr::kOwnTargetPrefix) + "RecordImage";
  const Result<Json> recorded = call(image.user, target, body);
  if (!recorded.has_value()) {
    // Who has asked for a new one is told in the API's words.
    return image.must_be_new ? recorded.error() : registry_error(recorded.error());
  }
  const std::string digest = image.digest.text();
  await_state([repository = image.repository, tag = image.tag, digest](const ScopeState& home) {
    const RepositoryState* found = home.find_repository(repository);
    if (found == nullptr || found->images.count(digest) == 0) return false;
    const auto named = found->tags.find(tag);
    return tag.empty() || (named != found->tags.end() && named->second.value.digest == digest);
  });
  AuditRecord line;
  line.source = "ecr.amazonaws.com";
  line.name = "PutImage";
  line.principal = image.user;
  line.account = ground_.api.options().account;
  line.region = ground_.api.options().home_region;
  line.parameters = {
      {"repositoryName", image.repository}, {"imageTag", image.tag}, {"imageDigest", digest}};
  line.resources = {
      repository_arn({.account = line.account, .region = line.region}, image.repository)};
  line.request_id = random_hex(kRequestIdBytes);
  boost::asio::post(ground_.loop, [ground = ground_, kept = line_, line = std::move(line)] {
    if (!kept->is_closed) ground.audit.write(line, nullptr);
  });
  return {};
}

Result<void> RegistryKeeper::remove(const std::string& user,
                                    const std::string& repository,
                                    const std::string& reference) {
  const bool is_digest = reference.find(':') != std::string::npos;
  const Json id = {{is_digest ? "imageDigest" : "imageTag", reference}};
  const Result<Json> answer = call(user,
                                   std::string(ecr::kTargetPrefix) + "BatchDeleteImage",
                                   {{"repositoryName", repository}, {"imageIds", {id}}});
  if (!answer.has_value()) return registry_error(answer.error());
  const Json failures = answer->value("failures", Json::array());
  if (failures.empty()) {
    await_state([repository, reference](const ScopeState& home) {
      const RepositoryState* found = home.find_repository(repository);
      return found == nullptr ||
             (found->tags.count(reference) == 0 && found->images.count(reference) == 0);
    });
    return {};
  }
  const std::string reason = failures[0].value("failureReason", "");
  if (failures[0].value("failureCode", "") == "ImageNotFound") {
    return api_error(registry::kManifestUnknown, "{}", reason);
  }
  return api_error(registry::kDenied, "{}", reason);
}

Result<std::vector<std::string>> RegistryKeeper::tags(const std::string& repository) {
  return ask<std::vector<std::string>>(
      [repository](const ScopeState& home) -> Result<std::vector<std::string>> {
        std::vector<std::string> names;
        const RepositoryState* found = home.find_repository(repository);
        if (found == nullptr) return names;
        for (const auto& [tag, kept] : found->tags) names.push_back(tag);
        return names;
      });
}

Result<std::vector<std::string>> RegistryKeeper::repositories(const std::string& user) {
  const ApiOptions& options = ground_.api.options();
  return ask<std::vector<std::string>>(
      [user, &options](const ScopeState& home) -> Result<std::vector<std::string>> {
        std::vector<std::string> names;
        for (const auto& [name, each] : home.repositories) {
          const ImageRepository& record = each.record.value;
          const bool is_visible =
              each.record.revision != 0 &&
              may_use_repository(user, record.policy, options, registry::Action::kPull);
          if (is_visible) names.push_back(record.name);
        }
        return names;
      });
}

Result<std::vector<std::string>> RegistryKeeper::managers() {
  return ask<std::vector<std::string>>(
      [](const ScopeState& home) -> Result<std::vector<std::string>> {
        std::vector<std::string> addresses;
        for (const auto& [id, node] : home.nodes) {
          if (node.value.role == "manager") addresses.push_back(node.value.address);
        }
        return addresses;
      });
}

bool RegistryKeeper::keeps(const std::string& repository, const std::string& digest) {
  const Result<bool> kept = ask<bool>([repository, digest](const ScopeState& home) -> Result<bool> {
    const RepositoryState* found = home.find_repository(repository);
    return found != nullptr && found->images.find(digest) != found->images.end();
  });
  return kept.value_or(true);
}

Result<void> RegistryKeeper::obtain(const std::string& repository,
                                    const registry::ContentDigest& digest,
                                    bool is_manifest) {
  return copies_.copies->obtain(*copies_.layout, other_managers(), repository, digest, is_manifest);
}

void RegistryKeeper::verify(const registry::ContentDigest& digest) {
  // Who comes for one that is neither mended nor gone sees it.
  static_cast<void>(
      copies_.copies->mend_at_times(*copies_.layout, other_managers(), digest).has_value());
}

void RegistryKeeper::set_address(const std::string& address) {
  const std::lock_guard lock(mutex_);
  address_ = address;
}

std::vector<std::string> RegistryKeeper::other_managers() {
  std::vector<std::string> others = managers().value_or(std::vector<std::string>());
  const std::lock_guard lock(mutex_);
  std::erase(others, address_);
  return others;
}

void RegistryKeeper::catch_up() {
  const std::vector<std::string> others = other_managers();
  if (others.empty()) return;
  using Missing = std::vector<std::pair<std::string, std::string>>;
  const Result<Missing> images = ask<Missing>([](const ScopeState& home) -> Result<Missing> {
    Missing all;
    for (const auto& [key, each] : home.repositories) {
      for (const auto& [digest, image] : each.images) {
        all.emplace_back(each.record.value.name, digest);
      }
    }
    return all;
  });
  if (!images.has_value()) return;
  for (const auto& [repository, text] : *images) {
    if (line_->is_closed) return;
    const auto digest = registry::ContentDigest::parse(text);
    if (!digest.has_value() || repository.empty()) continue;
    // What cannot be had now is looked for the next time.
    static_cast<void>(
        copies_.copies->bring(*copies_.layout, others, repository, *digest).has_value());
  }
}

}  // namespace ikada
