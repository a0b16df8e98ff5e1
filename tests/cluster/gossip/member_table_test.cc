#include "cluster/gossip/member_table.h"

#include <set>

#include <doctest/doctest.h>

namespace ikada::gossip {
namespace {

std::shared_ptr<const Statement> named(std::string name, std::uint64_t incarnation = 1) {
  auto statement = std::make_shared<Statement>();
  statement->name = std::move(name);
  statement->incarnation = incarnation;
  return statement;
}

}  // namespace

TEST_CASE("members are found by their id until they are removed") {
  MemberTable table(1);
  for (int i = 0; i < 500; ++i) table.add(named(fmt::format("m{}", i)), Status::kAlive, {});

  for (int i = 0; i < 500; i += 2) table.remove(member_id(fmt::format("m{}", i)));

  CHECK(table.size() == 250);
  for (int i = 0; i < 500; ++i) {
    const Member* const member = table.find(member_id(fmt::format("m{}", i)));
    CHECK((member != nullptr) == (i % 2 == 1));
    if (member != nullptr) CHECK(member->statement->name == fmt::format("m{}", i));
  }
  table.remove(1);
  CHECK(table.size() == 250);
}

TEST_CASE("a view is equal exactly if the same members live in the same incarnations") {
  MemberTable one(1);
  MemberTable two(2);
  one.add(named("a"), Status::kAlive, {});
  Member& b = one.add(named("b"), Status::kAlive, {});
  two.add(named("b"), Status::kSuspect, {});
  two.add(named("a"), Status::kAlive, {});
  CHECK(one.view() == two.view());

  one.set(b, Status::kDead, {});
  CHECK(one.view() != two.view());
  CHECK(one.living() == 1);
  CHECK(one.dead() == 1);
  one.set(b, named("b", 2));
  one.set(b, Status::kAlive, {});
  CHECK(one.view() != two.view());
  two.set(*two.find(member_id("b")), named("b", 2));
  CHECK(one.view() == two.view());
}

TEST_CASE("a round asks for everybody once, also for those who come meanwhile") {
  MemberTable table(1);
  for (int i = 0; i < 10; ++i) table.add(named(fmt::format("m{}", i)), Status::kAlive, {});
  std::multiset<size_t> asked;
  for (int i = 0; i < 4; ++i) asked.insert(table.next_in_round());
  table.add(named("late"), Status::kAlive, {});

  for (int i = 0; i < 7; ++i) asked.insert(table.next_in_round());

  CHECK(asked.size() == 11);
  for (size_t i = 0; i < 11; ++i) CHECK(asked.count(i) == 1);
}

}  // namespace ikada::gossip
