#include "cluster/scheduler/task_id.h"

#include <doctest/doctest.h>

namespace ikada::scheduler {

TEST_CASE("a task id is 32 hexadecimal digits") {
  const std::string text = "0123456789abcdef00112233445566ff";

  const Result<TaskId> id = TaskId::parse(text);

  REQUIRE(id.has_value());
  CHECK(id->text() == text);
  CHECK(TaskId::parse("0123456789ABCDEF00112233445566FF").value() == *id);
  for (const char* wrong : {"",
                            "0123",
                            "0123456789abcdef00112233445566fg",
                            "0123456789abcdef00112233445566ff0",
                            "-123456789abcdef00112233445566ff"}) {
    CAPTURE(wrong);
    CHECK_FALSE(TaskId::parse(wrong).has_value());
  }
}

}  // namespace ikada::scheduler
