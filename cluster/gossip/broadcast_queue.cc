#include "cluster/gossip/broadcast_queue.h"

#include <utility>

namespace ikada::gossip {
namespace {

// How many messages that do not fit are looked at before a packet counts as full.
constexpr size_t kMaxMisses = 8;
constexpr size_t kSmallestMessage = 64;

}  // namespace

void BroadcastQueue::add_statement(MemberId subject, std::string bytes) {
  forget(subject);
  add({.subject = subject, .accuser = 0}, std::move(bytes));
}

void BroadcastQueue::add_accusation(MemberId accused, MemberId accuser, std::string bytes) {
  add({.subject = accused, .accuser = accuser}, std::move(bytes));
}

void BroadcastQueue::forget(MemberId subject) {
  for (auto found = news_.lower_bound({.subject = subject, .accuser = 0});
       found != news_.end() && found->first.subject == subject;) {
    turns_.erase(turn_of(found->first, found->second));
    found = news_.erase(found);
  }
}

std::vector<std::string> BroadcastQueue::take(size_t budget, size_t limit) {
  std::vector<Name> taken;
  std::vector<std::string> messages;
  size_t misses = 0;
  for (const Turn& turn : turns_) {
    if (budget < kSmallestMessage || misses == kMaxMisses) break;
    const News& news = news_.find(turn.name)->second;
    if (news.bytes.size() > budget) {
      ++misses;
      continue;
    }
    messages.push_back(news.bytes);
    budget -= news.bytes.size();
    taken.push_back(turn.name);
  }
  for (const Name& name : taken) {
    News& news = news_.find(name)->second;
    if (news.sent + 1 >= limit) {
      erase(name);
      continue;
    }
    turns_.erase(turn_of(name, news));
    ++news.sent;
    turns_.insert(turn_of(name, news));
  }
  return messages;
}

void BroadcastQueue::add(const Name& name, std::string bytes) {
  erase(name);
  if (news_.size() >= max_news_) erase(turns_.rbegin()->name);
  const News& news = news_[name] = {.bytes = std::move(bytes), .order = next_order_++};
  turns_.insert(turn_of(name, news));
}

void BroadcastQueue::erase(const Name& name) {
  const auto found = news_.find(name);
  if (found == news_.end()) return;
  turns_.erase(turn_of(name, found->second));
  news_.erase(found);
}

}  // namespace ikada::gossip
