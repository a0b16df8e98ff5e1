#include "cluster/auth/secret.h"

#include <sstream>
#include <type_traits>

#include <doctest/doctest.h>

namespace ikada::auth {
namespace {

template <typename T>
concept Streamable = requires(std::ostringstream& stream, const T& value) {
  stream << value;
};

}  // namespace

TEST_CASE("a secret is copied and moved, and what it was moved from is empty") {
  Secret first("short");
  const Secret copy = first;
  const Secret moved = std::move(first);
  CHECK(copy.reveal() == "short");
  CHECK(moved.reveal() == "short");
  CHECK(first.empty());  // NOLINT(bugprone-use-after-move)

  Secret other("a text that is too long to lie in the object itself");
  other = copy;
  CHECK(other.reveal() == "short");
  other = Secret("next");
  CHECK(other.reveal() == "next");
}

TEST_CASE("nothing of a short secret stays where it was moved from") {
  Secret first("short");
  const Secret moved = std::move(first);
  const std::string_view bytes(reinterpret_cast<const char*>(&first), sizeof(first));

  CHECK(bytes.find("hort") == std::string_view::npos);
  CHECK(std::string_view(reinterpret_cast<const char*>(&moved), sizeof(moved)).find("short") !=
        std::string_view::npos);
}

TEST_CASE("a secret cannot be printed or taken for a text") {
  CHECK(Streamable<int>);
  CHECK_FALSE(Streamable<Secret>);
  CHECK_FALSE(std::is_convertible_v<Secret, std::string_view>);
  CHECK_FALSE(std::is_convertible_v<std::string, Secret>);
}

}  // namespace ikada::auth
