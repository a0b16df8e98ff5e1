// One member of a gossip cluster: gossip_member NAME ADDRESS:PORT KEY [SEED …]
//
// KEY is 64 hexadecimal digits. Every change is a line "SECONDS KIND NAME" on standard output, with
// the seconds of CLOCK_MONOTONIC, as soon as it is known. Commands come as lines on standard input:
//   members               "SECONDS members NAME=STATUS …"
//   install KEY, use KEY, remove KEY   the gossip keys
//   metadata WORD         the capacity digest
//   traffic               "SECONDS traffic DATAGRAMS BYTES REFUSED"
//   leave                 leaves, and ends
// At the end of standard input it ends without leaving.
#include <stdio.h>
#include <unistd.h>

#include <iostream>
#include <string>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>

#include "cluster/gossip/driver.h"
#include "cluster/gossip/ed25519.h"
#include "runtime/base/clock.h"
#include "runtime/base/text.h"

namespace ikada::gossip {
namespace {

Result<GossipKey> parse_key(std::string_view text) {
  GossipKey key{};
  for (size_t i = 0; i < text.size(); ++i) {
    const size_t digit = std::string_view("0123456789abcdef").find(text[i]);
    if (digit == std::string_view::npos || text.size() != 64) {
      return make_error(ErrorKind::kInvalid, "not a key");
    }
    key[i / 2] = static_cast<std::uint8_t>(key[i / 2] << 4 | digit);
  }
  return key;
}

KeyId id_of(const GossipKey& key) { return Keyring("", key).ids().front(); }

void say(const std::string& words) {
  const double seconds = std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
  fmt::print("{:.4f} {}\n", seconds, words);
  ::fflush(stdout);
}

class Program {
 public:
  Program(boost::asio::io_context& loop, Keyring& keyring)
      : keyring_(keyring), input_(loop, ::dup(STDIN_FILENO)) {}

  Result<void> start(boost::asio::io_context& loop,
                     const DriverOptions& options,
                     const Signatures& signatures,
                     std::vector<Endpoint> seeds) {
    IK_LET(driver,
           Driver::create(loop, options, keyring_, signatures, [](const MemberChange& change) {
             say(fmt::format("{} {}", to_text(change.kind), change.statement->name));
           }));
    driver_ = std::move(driver);
    driver_->join(std::move(seeds));
    read_command();
    say("ready " + options.self.name);
    return {};
  }

 private:
  void read_command() {
    boost::asio::async_read_until(
        input_, lines_, '\n', [this](const boost::system::error_code& error, size_t size) {
          if (error) {
            driver_->stop();
            return;
          }
          std::string line(size, '\0');
          std::istream(&lines_).read(line.data(), static_cast<std::streamsize>(size));
          const Result<void> obeyed = obey(std::string(trim(line)));
          if (!obeyed.has_value()) say("error " + obeyed.error().message);
          read_command();
        });
  }

  Result<void> obey(const std::string& line) {
    const Cut words = cut(line, ' ');
    if (words.before == "members") {
      std::string list = "members";
      for (const Member& each : driver_->swim().members().all()) {
        list += fmt::format(" {}={}", each.statement->name, to_text(each.status));
      }
      say(list);
    } else if (words.before == "traffic") {
      const Traffic& traffic = driver_->traffic();
      say(fmt::format("traffic {} {} {}",
                      traffic.datagrams_sent,
                      traffic.datagram_bytes_sent,
                      traffic.datagrams_refused));
    } else if (words.before == "metadata") {
      driver_->set_metadata({.version = IKADA_VERSION, .capacity = std::string(words.after)});
    } else if (words.before == "leave") {
      driver_->leave([this] {
        driver_->stop();
        input_.close();
      });
    } else if (words.before == "install") {
      IK_LET(key, parse_key(words.after));
      IK_LET(id, keyring_.install(key));
      say(fmt::format("installed {:08x}", id));
    } else if (words.before == "use") {
      IK_LET(key, parse_key(words.after));
      IK_TRY(keyring_.use(id_of(key)));
      say("used");
    } else if (words.before == "remove") {
      IK_LET(key, parse_key(words.after));
      IK_TRY(keyring_.remove(id_of(key)));
      say("removed");
    } else {
      return make_error(ErrorKind::kInvalid, "no such command: {}", words.before);
    }
    return {};
  }

  Keyring& keyring_;
  std::unique_ptr<Driver> driver_;
  boost::asio::posix::stream_descriptor input_;
  boost::asio::streambuf lines_;
};

Result<void> run(const std::vector<std::string_view>& words) {
  if (words.size() < 3) return make_error(ErrorKind::kInvalid, "NAME ADDRESS:PORT KEY [SEED …]");
  IK_LET(endpoint, parse_endpoint(words[1]));
  IK_LET(key, parse_key(words[2]));
  std::vector<Endpoint> seeds;
  for (size_t i = 3; i < words.size(); ++i) {
    IK_LET(seed, parse_endpoint(words[i]));
    seeds.push_back(seed);
  }
  IK_LET(signatures, Ed25519::create(random_private_key()));
  Keyring keyring("default", key);
  boost::asio::io_context loop(1);
  const DriverOptions options{
      .listen = endpoint,
      .self = {.name = std::string(words[0]),
               .endpoint = endpoint,
               .metadata = {.version = IKADA_VERSION, .capacity = {}},
               .first_incarnation = static_cast<std::uint64_t>(unix_now() / 1'000'000),
               .admission = std::nullopt},
      .config = {}};
  Program program(loop, keyring);
  IK_TRY(program.start(loop, options, *signatures, std::move(seeds)));
  loop.run();
  return {};
}

}  // namespace
}  // namespace ikada::gossip

int main(int count, char** arguments) {
  const ikada::Result<void> result =
      ikada::gossip::run(std::vector<std::string_view>(arguments + 1, arguments + count));
  if (result.has_value()) return 0;
  fmt::print(stderr, "gossip_member: {}\n", result.error().message);
  return 1;
}
