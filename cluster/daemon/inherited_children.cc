#include "cluster/daemon/inherited_children.h"

#include <chrono>

namespace ikada {
namespace {

constexpr std::chrono::seconds kReapPause{1};

}  // namespace

InheritedChildren::InheritedChildren(boost::asio::io_context& loop) : timer_(loop) {
  children_.add_inherited();
  reap();
}

void InheritedChildren::stop() {
  is_stopped_ = true;
  timer_.cancel();
}

void InheritedChildren::reap() {
  children_.reap();
  if (is_stopped_ || children_.size() == 0) return;
  timer_.expires_after(kReapPause);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) reap();
  });
}

}  // namespace ikada
