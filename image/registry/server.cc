#include "image/registry/server.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <thread>
#include <vector>

#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>

#include "image/registry/connection.h"
#include "image/registry/garbage.h"
#include "image/registry/listener.h"
#include "image/registry/log.h"
#include "image/registry/loop.h"
#include "image/registry/respond.h"
#include "image/registry/site.h"
#include "runtime/sys/notify_systemd.h"

namespace ikada::registry {
namespace {

namespace asio = boost::asio;

constexpr unsigned kMostLoops = 16;
constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr std::string_view kBusy =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n"
    "Connection: close\r\n\r\n";

class Server {
 public:
  Server(Site& site, const ServeOptions& options, UniqueFd listener)
      : site_(site), options_(options) {
    const unsigned count = std::clamp(std::thread::hardware_concurrency(), 1U, kMostLoops);
    for (unsigned i = 0; i < count; ++i) {
      loops_.push_back(std::make_unique<Loop>(
          [this](ClientSocket& socket, const Yield& yield) { serve(socket, yield); }));
    }
    asio::io_context& first = loops_[0]->context();
    listener_.emplace(first, listener.release());
    signals_.emplace(first, SIGTERM, SIGINT, SIGHUP);
    garbage_timer_.emplace(first);
    pause_.emplace(first);
  }

  void run() {
    asio::spawn(
        loops_[0]->context(), [this](const Yield& yield) { accept_all(yield); }, asio::detached);
    wait_for_signal();
    plan_garbage_collection();
    std::vector<std::thread> threads;
    for (size_t i = 1; i < loops_.size(); ++i) {
      threads.emplace_back([this, i] { loops_[i]->run(); });
    }
    loops_[0]->run();
    for (std::thread& thread : threads) thread.join();
    site_.join();
  }

 private:
  void serve(ClientSocket& socket, const Yield& yield) {
    const std::shared_ptr<const Settings> settings = site_.settings();
    const ConnectionSetup setup{.limits = settings->config.limits,
                                .logs_requests = settings->config.logs_requests,
                                .tls = settings->tls,
                                .respond = respond_,
                                .is_stopping = is_stopping_function_};
    serve_connection(socket, setup, yield);
  }

  void accept_all(const Yield& yield) {
    boost::system::error_code error;
    while (true) {
      listener_->async_wait(asio::posix::stream_descriptor::wait_read, yield[error]);
      if (error) return;
      AcceptedClient client = accept_client(listener_->native_handle());
      if (client.socket) {
        place_client(std::move(client));
        continue;
      }
      if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) continue;
      log_warning(
          fmt::format("accept: {}, retrying in {} ms", errno_text(errno), kAcceptPause.count()));
      pause_->expires_after(kAcceptPause);
      pause_->async_wait(yield[error]);
    }
  }

  // To the loop that has the fewest clients.
  void place_client(AcceptedClient client) {
    size_t total = 0;
    Loop* least = loops_[0].get();
    for (const auto& loop : loops_) {
      total += loop->client_count();
      if (loop->client_count() < least->client_count()) least = loop.get();
    }
    if (total >= site_.settings()->config.limits.connections) {
      // Into a fresh socket's buffer it fits without waiting.
      static_cast<void>(
          ::send(client.socket.get(), kBusy.data(), kBusy.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
      return;
    }
    least->post_client(std::move(client.socket), {.address = std::move(client.peer)});
  }

  void wait_for_signal() {
    signals_->async_wait([this](const boost::system::error_code& error, int number) {
      if (error) return;
      if (number == SIGHUP) {
        reload();
      } else if (stop(number)) {
        return;
      }
      wait_for_signal();
    });
  }

  void reload() {
    Result<std::shared_ptr<const Settings>> fresh = load_settings(options_.source);
    if (!fresh.has_value()) {
      log_error(fmt::format("reload: {}, ignoring", fresh.error().message));
      return;
    }
    const RegistryConfig& now = site_.settings()->config;
    if (now.root != (*fresh)->config.root || now.address != (*fresh)->config.address) {
      log_warning("reload: root and address change with a restart only, ignoring");
    }
    site_.replace_settings(std::move(*fresh));
    plan_garbage_collection();
    log_info("registry reloaded");
  }

  // Whether it was the second time, after which no signal is waited for.
  bool stop(int number) {
    const bool is_second = is_stopping_.exchange(true);
    log_info(fmt::format(
        "registry stopping signal=SIG{} at_once={}", ::sigabbrev_np(number), is_second));
    tell("STOPPING=1");
    boost::system::error_code ignored;
    listener_->close(ignored);
    pause_->cancel();
    garbage_timer_->cancel();
    for (const auto& loop : loops_) loop->post_finish(is_second);
    if (!is_second) watch_for_the_end();
    return is_second;
  }

  // The signals would keep the first loop alive.
  void watch_for_the_end() {
    pause_->expires_after(kAcceptPause);
    pause_->async_wait([this](const boost::system::error_code&) {
      size_t left = 0;
      for (const auto& loop : loops_) left += loop->client_count();
      if (left > 0) return watch_for_the_end();
      signals_->cancel();
    });
  }

  void plan_garbage_collection() {
    const auto interval = site_.settings()->config.garbage_interval;
    garbage_timer_->cancel();
    if (!interval.has_value() || is_stopping_) return;
    garbage_timer_->expires_after(*interval);
    garbage_timer_->async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      site_.pool().start([this] { collect(); });
      plan_garbage_collection();
    });
  }

  void collect() {
    if (is_collecting_.exchange(true)) return;
    const Result<GarbageReport> report =
        collect_garbage(site_.layout(), site_.settings()->config.garbage, ::time(nullptr));
    is_collecting_ = false;
    if (!report.has_value()) {
      log_error(fmt::format("garbage collection: {}, retrying later", report.error().message));
      return;
    }
    log_info(fmt::format(
        "garbage collected blobs={} bytes={} links={} manifests={} uploads={} repositories={}",
        report->blobs,
        report->bytes,
        report->links,
        report->manifests,
        report->uploads,
        report->repositories));
  }

 public:
  void tell(std::string_view state) const {
    const Result<void> told = notify_systemd(options_.notify_socket, state);
    if (!told.has_value()) log_warning(fmt::format("{}, ignoring", told.error().message));
  }

 private:
  Site& site_;
  const ServeOptions& options_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::optional<asio::posix::stream_descriptor> listener_;
  std::optional<asio::signal_set> signals_;
  std::optional<asio::steady_timer> garbage_timer_;
  std::optional<asio::steady_timer> pause_;
  std::atomic<bool> is_stopping_ = false;
  std::atomic<bool> is_collecting_ = false;
  const std::function<bool()> is_stopping_function_ = [this] { return is_stopping_.load(); };
  const Responder respond_ = [this](
                                 const RequestHead& head, RequestBody& body, const Yield& yield) {
    return respond(site_, head, body, yield);
  };
};

}  // namespace

Result<void> serve_registry(const ServeOptions& options) {
  IK_LET(settings, load_settings(options.source));
  IK_LET(address, parse_listen_address(settings->config.address));
  IK_LET(site, Site::open(settings));
  IK_LET(listener, listen_tcp(address));
  IK_LET(where, local_address(listener.get()));
  Server server(*site, options, std::move(listener));
  log_info(fmt::format("registry started version={} address={} tls={} root={}",
                       IKADA_VERSION,
                       where,
                       settings->tls != nullptr,
                       settings->config.root));
  if (options.on_listening) options.on_listening(where);
  server.tell("READY=1");
  server.run();
  log_info("registry stopped");
  return {};
}

}  // namespace ikada::registry
