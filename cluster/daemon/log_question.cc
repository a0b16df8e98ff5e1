#include "cluster/daemon/log_question.h"

#include <utility>

#include <boost/asio/steady_timer.hpp>

#include "cluster/daemon/task_streams.h"
#include "cluster/node/node_tls.h"
#include "cluster/node/uplink.h"
#include "image/base64.h"

namespace ikada {
namespace {

constexpr std::chrono::seconds kAnswerLimit{20};
constexpr std::chrono::milliseconds kHostSilence{3000};
constexpr size_t kMaxLogAnswer = size_t{16} << 20;
constexpr size_t kMaxComplaint = 4096;

// It lives as long as its timer waits.
class LogAsker : public std::enable_shared_from_this<LogAsker> {
 public:
  LogAsker(boost::asio::io_context& loop,
           LogQuestion question,
           std::function<void(const Result<Json>&)> then)
      : question_(std::move(question)), then_(std::move(then)), timer_(loop) {}

  Result<void> ask(boost::asio::io_context& loop, const ClusterMember& member) {
    const bool is_v6 = question_.address.find(':') != std::string::npos;
    IK_LET(
        at,
        parse_node_endpoint(fmt::format(
            "{}{}{}:{}", is_v6 ? "[" : "", question_.address, is_v6 ? "]" : "", question_.port)));
    IK_LET(tls, node_client_tls(member.membership().credentials));
    // A worker's certificate is made for clients: here it answers, and only that node's counts.
    ::SSL_CTX_set_purpose(tls->native_handle(), X509_PURPOSE_SSL_CLIENT);
    NodeLinkLimits limits = stream_link_limits();
    limits.silence_limit = kHostSilence;
    link_ = NodeLink::dial(loop, at, std::move(tls), limits);
    timer_.expires_after(kAnswerLimit);
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (!error) self->finish(make_error(ErrorKind::kUnavailable, "it is too slow"));
    });
    const std::weak_ptr<LogAsker> weak = weak_from_this();
    link_->start({.on_ready =
                      [weak] {
                        if (const auto self = weak.lock()) self->greet();
                      },
                  .on_frame =
                      [weak](const Json& frame) {
                        if (const auto self = weak.lock()) self->hear(frame);
                      },
                  .on_end =
                      [weak](const Error& why) {
                        const auto self = weak.lock();
                        if (self == nullptr) return;
                        self->finish(make_error(ErrorKind::kUnavailable, "{}", why.message));
                      }});
    return {};
  }

 private:
  void greet() {
    const auto& peer = link_->peer();
    if (!peer.has_value() || peer->identity.node != question_.node) {
      return finish(
          make_error(ErrorKind::kUnavailable, "another node answers at the host's address"));
    }
    StreamOrder order;
    order.words = {kLogStoreWord, question_.verb, question_.question.dump()};
    link_->send(to_json(order));
  }

  void hear(const Json& frame) {
    if (!frame.is_object()) return;
    if (frame.contains("error")) {
      return finish(make_error(ErrorKind::kUnavailable, "{}", frame.value("error", "")));
    }
    for (const char* name : {"out", "err"}) {
      if (!frame.contains(name)) continue;
      const Result<std::string> bytes = decode_base64(frame.value(name, ""));
      if (!bytes.has_value()) return finish(bytes.error());
      const bool is_out = name == std::string_view("out");
      std::string& text = is_out ? answer_ : complaint_;
      text += *bytes;
      if (text.size() > (is_out ? kMaxLogAnswer : kMaxComplaint)) {
        return finish(make_error(ErrorKind::kInternal, "its answer is too long"));
      }
      link_->send({{"taken", bytes->size()}});
    }
    if (!frame.contains("exit")) return;
    if (frame.value("exit", 1) != 0) {
      return finish(make_error(ErrorKind::kInternal, "{}", complaint_));
    }
    finish(parse_json(answer_, {.max_bytes = kMaxLogAnswer}));
  }

  void finish(const Result<Json>& result) {
    const auto self = shared_from_this();
    const auto then = std::exchange(then_, nullptr);
    timer_.cancel();
    link_->close();
    if (then) then(result);
  }

  LogQuestion question_;
  std::function<void(const Result<Json>&)> then_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<NodeLink> link_;
  std::string answer_;
  std::string complaint_;
};

}  // namespace

void ask_log_store(boost::asio::io_context& loop,
                   const ClusterMember& member,
                   const LogQuestion& question,
                   const std::function<void(const Result<Json>&)>& then) {
  const auto asker = std::make_shared<LogAsker>(loop, question, then);
  const Result<void> asked = asker->ask(loop, member);
  if (!asked.has_value()) then(asked.error());
}

}  // namespace ikada
