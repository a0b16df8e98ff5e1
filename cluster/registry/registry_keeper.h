// The registry's images as the cluster has them on record (image/registry/keeper.h): asks the state
// and the API on the loop, from the registry's threads.
//
// Who is who:
//
//   AWS:TOKEN     whom GetAuthorizationToken gave the token to (cluster/api/ecr/registry_token.h)
//   node/ID       a host of the cluster, which its certificate says; it may pull
//
// An image that was pushed is recorded by the leading manager, and counts when this one knows it.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "cluster/api/api_server.h"
#include "cluster/api/state_feed.h"
#include "cluster/http/audit_log.h"
#include "cluster/registry/image_copies.h"
#include "image/registry/keeper.h"

namespace ikada {

inline constexpr std::string_view kNodeUser = "node/";
// This host's own agent, which comes by a socket of root's.
inline constexpr std::string_view kOwnUser = "node/self";

// Whether that principal may; `policy` is the repository's, if it has one. Pure.
bool may_use_repository(const std::string& principal,
                        const std::optional<std::string>& policy,
                        const ApiOptions& options,
                        registry::Action action);

// What a host has to be by its record, besides on record.
struct NodeClaim {
  bool is_manager = false;
  std::string address = {};  // Empty: anywhere.
};
// DENIED for a host that is not, or no longer: its certificate says the same all the same. Pure.
Result<void> check_node(const ScopeState& home, const std::string& user, const NodeClaim& claim);

class RegistryKeeper final : public registry::Keeper {
 public:
  struct Ground {
    boost::asio::io_context& loop;
    ApiServer& api;
    const StateFeed& feed;
    AuditLog& audit;
  };
  // What is in it outlives the keeper.
  explicit RegistryKeeper(const Ground& ground);
  ~RegistryKeeper() override;

  // Nobody waits for the loop from now on: it will not run any more.
  void close();

  Result<std::string> identify(const registry::BasicAuthorization& given) override;
  Result<std::string> identify_link(const std::string& token,
                                    const std::string& repository,
                                    const std::string& digest) override;
  Result<void> authorize(const std::string& user,
                         const std::string& repository,
                         registry::Action action) override;
  Result<registry::ContentDigest> find_image(const std::string& repository,
                                             const std::string& reference) override;
  Result<void> record(const registry::PushedImage& image) override;
  Result<void> remove(const std::string& user,
                      const std::string& repository,
                      const std::string& reference) override;
  Result<std::vector<std::string>> tags(const std::string& repository) override;
  Result<std::vector<std::string>> repositories(const std::string& user) override;
  bool keeps(const std::string& repository, const std::string& digest) override;
  Result<void> obtain(const std::string& repository,
                      const registry::ContentDigest& digest,
                      bool is_manifest) override;
  void verify(const registry::ContentDigest& digest) override;

  // check_node() of what is on record now; this host's own agent is trusted.
  Result<void> admit(const std::string& user, const NodeClaim& claim);

  // The addresses of the managers; those of the others; the name of the registry that the
  // configuration has.
  Result<std::vector<std::string>> managers();
  std::vector<std::string> other_managers();
  const std::string& configured_name() const { return ground_.api.options().registry; }

  // How images come from other managers and go there. Before anybody is served.
  struct Copies {
    const registry::Layout* layout = nullptr;
    ImageCopies* copies = nullptr;
  };
  void set_copies(const Copies& copies) { copies_ = copies; }
  // This host's own, in a cluster.
  void set_address(const std::string& address);
  // Fetches the images on record that are not here.
  void catch_up();

  // What `question` makes of what is on record in the home region, on the loop.
  template <typename T>
  Result<T> ask(std::function<Result<T>(const ScopeState& home)> question) {
    std::optional<Result<T>> answer;
    IK_TRY(look([&](const ScopeState& home) { answer.emplace(question(home)); }));
    return std::move(*answer);
  }
  // A call of the API in somebody's name; in the audit log under `name`. Its answer, or its error
  // with AWS's name as code.
  Result<Json> call(const std::string& user, std::string_view target, const Json& body);

 private:
  struct Line;

  // Returns when `work` has been done, or will not be.
  Result<void> look(const std::function<void(const ScopeState& home)>& work);
  template <typename T>
  Result<T> wait_for(std::future<Result<T>>& answered) const;
  Result<std::string> open_token(const std::string& token, const std::string& layer) const;
  // Until `is_done`, which looks at the state, for some seconds.
  void await_state(const std::function<bool(const ScopeState& home)>& is_done);

  Ground ground_;
  Copies copies_;
  std::mutex mutex_;
  std::string address_;  // Guarded by it.
  std::shared_ptr<Line> line_;
};

}  // namespace ikada
