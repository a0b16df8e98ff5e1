// Answers calls of the API: finds the action, lets it decide on the state, has its proposal made by
// the store, and answers when the state shows it.
//
// An action whose proposal lost against another change is called again with the newer state. A
// client therefore reads what it wrote, on this manager. All of it runs on the loop's thread but
// the commits, which wait in the pool.
//
// Source: Smithy, "AWS JSON 1.1 protocol".
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "cluster/api/actions.h"
#include "cluster/api/reply.h"
#include "cluster/api/state_feed.h"
#include "cluster/api/task_placer.h"

namespace boost::asio {
class io_context;
class thread_pool;
}  // namespace boost::asio

namespace ikada {

inline constexpr std::string_view kEcsTargetPrefix = "AmazonEC2ContainerServiceV20141113.";

struct ApiRequest {
  std::string target = {};  // X-Amz-Target.
  std::string body = {};
  std::string region = {};      // Of the signature; the home region without one.
  std::string caller_arn = {};  // Who has been verified.
  std::string host = {};        // That it was sent to, as the client calls it; may be empty.
  bool is_secure = false;       // Through TLS.
  // Until when a leader is waited for, if none is known; the first who waits sets it.
  std::chrono::steady_clock::time_point give_up_at = {};
};

// What a server asks of its surroundings.
struct ApiGround {
  using Committed = std::function<void(const Result<Commit>&)>;

  // Has it made by the store, and calls back on the server's thread.
  std::function<void(Transaction transaction, Committed then)> commit;
  std::function<void(std::function<void()> work)> post;  // On that thread, but not at once.
  std::function<Timestamp()> now;
  std::function<std::string(size_t bytes)> random_hex;
  std::uint64_t seed = 0;
};

class ApiServer {
 public:
  using Respond = std::function<void(ApiReply)>;

  // Everything outlives the server, and the pool's work.
  ApiServer(boost::asio::io_context& loop,
            boost::asio::thread_pool& pool,
            Store& store,
            StateFeed& feed,
            ApiOptions options);
  // On other ground than a loop's, a pool's and a store's.
  ApiServer(ApiGround ground, StateFeed& feed, ApiOptions options);
  ~ApiServer();

  // What every transaction has to compare besides, so that only who leads writes: the fence of its
  // term, nothing where there is but one manager, an error if somebody else leads. Without it:
  // nothing.
  using Fence = std::function<Result<std::optional<KeyCompare>>()>;
  void set_fence(Fence fence);

  // What is known of the balancers' targets from now on; nothing, until it is told. Whether
  // ServiceKeeper::note_targets() should be told, too.
  bool see_targets(TargetSights sights);

  // What metrics there are from now on; null: none. The book outlives the server, or null is set.
  void set_metrics(const MetricBook* metrics);

  // Where requests go as long as another manager leads. `forward` takes a request or returns false;
  // `wait` gets what changes something while nobody leads, to handle() it later.
  struct Elsewhere {
    std::function<bool(const ApiRequest&, const Respond&)> forward;
    std::function<void(const ApiRequest&, const Respond&)> wait;
  };
  void set_elsewhere(Elsewhere elsewhere);

  // Calls `respond` once, on the loop, perhaps before it returns.
  void handle(const ApiRequest& request, Respond respond);
  // The same on this manager only. Calls `not_leading` instead, if there is one, when something
  // would have to be changed and we do not lead: nothing was.
  void handle_here(const ApiRequest& request, Respond respond, std::function<void()> not_leading);

  // Has changes made that no client has asked for; `done` says whether they were.
  void propose(const Proposal& proposal, std::function<void(bool)> done);
  // The same for what a manager says of its own host, whoever leads.
  void propose_unfenced(const Proposal& proposal, std::function<void(bool)> done);

  // A call of the manager's own, now, in that scope. `body` outlives it.
  ApiCall own_call(const Json& body, Scope scope);

  // A record of this key has changed in the state; "": everything may have.
  void note_change(std::string_view key);

  const ApiOptions& options() const;
  const ApiGround& ground() const;

 private:
  struct Server;
  std::shared_ptr<Server> server_;
};

}  // namespace ikada
