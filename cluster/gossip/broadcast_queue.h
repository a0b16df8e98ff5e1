// News that are passed on by piggyback: what was sent least goes first, each a bounded number of
// times, and what a newer statement has made void not at all.
//
// Source: SWIM, section 4.1.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cluster/gossip/statement.h"

namespace ikada::gossip {

class BroadcastQueue {
 public:
  explicit BroadcastQueue(size_t max_news) : max_news_(max_news) {}

  // `bytes` is the whole message. A statement about `subject` takes the place of everything about
  // it; an accusation is one more voice, `accuser`, and is kept beside the others.
  void add_statement(MemberId subject, std::string bytes);
  void add_accusation(MemberId accused, MemberId accuser, std::string bytes);
  void forget(MemberId subject);

  // Messages of together at most `budget` bytes. Each counts as sent once more; after `limit` times
  // it is gone.
  std::vector<std::string> take(size_t budget, size_t limit);

  bool empty() const { return news_.empty(); }
  size_t size() const { return news_.size(); }

 private:
  struct Name {
    MemberId subject;
    MemberId accuser;  // 0 for a statement.
    auto operator<=>(const Name&) const = default;
  };
  struct News {
    std::string bytes;
    size_t sent = 0;
    std::uint64_t order = 0;
  };
  struct Turn {
    size_t sent;
    std::uint64_t newness;  // Newer news have a smaller one.
    Name name;
    auto operator<=>(const Turn&) const = default;
  };
  static Turn turn_of(const Name& name, const News& news) {
    return {.sent = news.sent, .newness = ~news.order, .name = name};
  }

  void add(const Name& name, std::string bytes);
  void erase(const Name& name);

  size_t max_news_;
  std::uint64_t next_order_ = 0;
  std::map<Name, News> news_;
  std::set<Turn> turns_;
};

}  // namespace ikada::gossip
