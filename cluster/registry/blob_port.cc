#include "cluster/registry/blob_port.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "cluster/registry/registry_keeper.h"
#include "image/digest.h"
#include "image/registry/answers.h"
#include "image/registry/byte_range.h"
#include "image/registry/failure.h"
#include "image/registry/listener.h"
#include "image/registry/loop.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kThreads = 2;
constexpr size_t kMostConnections = 256;
constexpr std::chrono::milliseconds kPauseOfPort{100};
constexpr std::string_view kBlobs = "/ikada/blobs/";

std::string name_of_peer(SSL* session) {
  const Result<std::optional<auth::CertificateFacts>> peer = verified_peer(session);
  if (!peer.has_value() || !peer->has_value()) return {};
  return std::string(kNodeUser) + (*peer)->identity.node;
}

Result<std::shared_ptr<const registry::TlsContext>> context_of(const NodeCredentials& credentials) {
  IK_LET(tls, node_server_tls(credentials));
  return registry::TlsContext::share(tls->native_handle(), name_of_peer);
}

registry::Answer refusal(const Error& error) {
  return registry::json_answer(registry::status_of(error), registry::body_of(error));
}

}  // namespace

struct BlobPort::Port {
  Port(BlobPortOptions given,
       UniqueFd its_listener,
       std::shared_ptr<const registry::TlsContext> its)
      : options(std::move(given)), tls(std::move(its)) {
    for (size_t i = 0; i < kThreads; ++i) {
      loops.push_back(std::make_unique<registry::Loop>(
          [this](registry::ClientSocket& socket, const registry::Yield& yield) {
            serve(socket, yield);
          }));
    }
    listener.emplace(loops.front()->context(), its_listener.release());
  }

  std::shared_ptr<const registry::TlsContext> context() {
    const std::lock_guard lock(mutex);
    return tls;
  }

  void serve(registry::ClientSocket& socket, const registry::Yield& yield) {
    registry::serve_connection(socket,
                               {.limits = {},
                                .logs_requests = false,
                                .tls = context(),
                                .respond = respond,
                                .is_stopping = is_stopping_function},
                               yield);
  }

  void accept_all(const registry::Yield& yield) {
    boost::asio::steady_timer pause(loops.front()->context());
    boost::system::error_code error;
    while (!is_stopping) {
      listener->async_wait(boost::asio::posix::stream_descriptor::wait_read, yield[error]);
      if (error) return;
      registry::AcceptedClient client = registry::accept_client(listener->native_handle());
      if (client.socket) {
        place(std::move(client));
      } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
        pause.expires_after(kPauseOfPort);
        pause.async_wait(yield[error]);
      }
    }
  }

  void place(registry::AcceptedClient client) {
    registry::Loop& first = *loops.front();
    registry::Loop& last = *loops.back();
    if (first.client_count() + last.client_count() >= kMostConnections) return;
    registry::Loop& less = last.client_count() < first.client_count() ? last : first;
    less.post_client(std::move(client.socket), {.address = std::move(client.peer)});
  }

  registry::Answer answer(const registry::RequestHead& head,
                          registry::RequestBody& body,
                          const registry::Yield& yield) const {
    if (head.peer_name.empty()) {
      return refusal(registry::api_error(registry::kDenied, "this is for nodes of the cluster"));
    }
    if (head.target.starts_with(kBlobs)) {
      const Result<void> admitted =
          options.admit ? options.admit(head.peer_name, yield) : Result<void>();
      if (!admitted.has_value()) return refusal(admitted.error());
      Result<registry::Answer> given = give_blob(head);
      return given.has_value() ? std::move(*given) : refusal(given.error());
    }
    if (options.registry != nullptr) return (*options.registry)(head, body, yield);
    return refusal(registry::api_error(registry::kPathUnknown, "this host is no manager"));
  }

  // A blob that has come is given on while its layer is still unpacked; then it moves.
  Result<UniqueFd> open_blob(const Digest& digest) const {
    const auto open_in = [&](std::string_view place) {
      return open_file(fmt::format("{}/images/{}/{}", options.state_root, place, digest.hex()),
                       O_RDONLY | O_NOFOLLOW);
    };
    Result<UniqueFd> file = open_in("blobs/sha256");
    if (!file.has_value()) file = open_in("partial");
    return file.has_value() ? std::move(file) : open_in("blobs/sha256");
  }

  Result<registry::Answer> give_blob(const registry::RequestHead& head) const {
    IK_LET(digest, Digest::parse(head.target.substr(kBlobs.size())));
    Result<UniqueFd> file = open_blob(digest);
    struct stat status {};
    if (!file.has_value() || ::fstat(file->get(), &status) != 0) {
      return registry::api_error(registry::kBlobUnknown, "{} is not here", digest.text());
    }
    const auto size = static_cast<std::uint64_t>(status.st_size);
    registry::ByteRange range{.start = 0, .size = size};
    registry::Answer answer;
    if (!head.field("range").empty()) {
      IK_LET(part, registry::parse_range(head.field("range"), size));
      if (part.has_value()) {
        range = *part;
        answer.status = 206;
        answer.with("Content-Range",
                    fmt::format("bytes {}-{}/{}", range.start, range.start + range.size - 1, size));
      }
    }
    answer.with("Content-Type", "application/octet-stream");
    answer.file = registry::FilePart{
        .file = std::move(*file), .offset = range.start, .size_bytes = range.size};
    return answer;
  }

  BlobPortOptions options;
  std::mutex mutex;
  std::shared_ptr<const registry::TlsContext> tls;  // Guarded by it.
  std::vector<std::unique_ptr<registry::Loop>> loops;
  std::optional<boost::asio::posix::stream_descriptor> listener;  // Of the first loop.
  std::vector<std::thread> threads;
  std::atomic<bool> is_stopping = false;
  const std::function<bool()> is_stopping_function = [this] { return is_stopping.load(); };
  const registry::Responder respond = [this](const registry::RequestHead& head,
                                             registry::RequestBody& body,
                                             const registry::Yield& yield) {
    return answer(head, body, yield);
  };
};

BlobPort::BlobPort(std::unique_ptr<Port> port) : port_(std::move(port)) {}

Result<std::unique_ptr<BlobPort>> BlobPort::create(const BlobPortOptions& options,
                                                   const NodeCredentials& credentials) {
  IK_LET(tls, context_of(credentials));
  IK_LET(listener, registry::listen_tcp({.host = options.address, .port = options.port}));
  return std::unique_ptr<BlobPort>(
      new BlobPort(std::make_unique<Port>(options, std::move(listener), std::move(tls))));
}

BlobPort::~BlobPort() {
  port_->is_stopping = true;
  boost::asio::post(port_->loops.front()->context(), [port = port_.get()] {
    boost::system::error_code ignored;
    port->listener->close(ignored);
  });
  for (const auto& loop : port_->loops) loop->post_finish(true);
  for (std::thread& thread : port_->threads) thread.join();
}

Result<void> BlobPort::use(const NodeCredentials& credentials) {
  IK_LET(tls, context_of(credentials));
  const std::lock_guard lock(port_->mutex);
  port_->tls = std::move(tls);
  return {};
}

void BlobPort::start() {
  boost::asio::spawn(
      port_->loops.front()->context(),
      [port = port_.get()](const registry::Yield& yield) { port->accept_all(yield); },
      boost::asio::detached);
  for (const auto& loop : port_->loops) {
    port_->threads.emplace_back([&loop] { loop->run(); });
  }
}

}  // namespace ikada
