#include "runtime/sys/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include <doctest/doctest.h>

#include "runtime/sys/file.h"
#include "tests/runtime/sys/scratch_directory.h"

namespace ikada {
namespace {

TEST_CASE("a socket is private, and its leftover is replaced") {
  const ScratchDirectory scratch;
  const std::string path = scratch.at("socket");
  CHECK(listen_unix(path, SOCK_STREAM).has_value());
  CHECK(connect_unix(path, SOCK_STREAM).error().kind == ErrorKind::kNotFound);

  const Result<UniqueFd> again = listen_unix(path, SOCK_STREAM);

  struct stat status {};
  REQUIRE(again.has_value());
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  CHECK(connect_unix(path, SOCK_STREAM).has_value());
}

TEST_CASE("a path may be longer than the kernel's address") {
  const ScratchDirectory scratch;
  const std::string deep = scratch.at(std::string(100, 'a').append("/").append(100, 'b'));
  std::filesystem::create_directories(deep);

  const Result<UniqueFd> listener = listen_unix(deep + "/socket", SOCK_SEQPACKET);

  CHECK(listener.has_value());
  CHECK(connect_unix(deep + "/socket", SOCK_SEQPACKET).has_value());
}

TEST_CASE("a descriptor goes through a pair") {
  const ScratchDirectory scratch;
  scratch.write("file", "content");
  const SocketPair pair = create_socket_pair(SOCK_SEQPACKET).value();
  CHECK(receive_descriptor(pair.theirs.get()).error().kind == ErrorKind::kUnavailable);
  const UniqueFd file = open_file(scratch.at("file"), O_RDONLY).value();

  CHECK(send_descriptor(pair.ours.get(), file.get()).has_value());

  const UniqueFd received = receive_descriptor(pair.theirs.get()).value();
  CHECK(received.get() != file.get());
  CHECK(read_fd(received.get(), 100).value() == "content");
}

}  // namespace
}  // namespace ikada
