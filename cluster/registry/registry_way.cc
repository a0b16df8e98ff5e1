#include "cluster/registry/registry_way.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "cluster/registry/peer_exchange.h"
#include "image/registry/route.h"

namespace ikada {
namespace {

constexpr std::chrono::seconds kNamesAge{30};
constexpr int kManagerPatienceS = 5;
constexpr std::chrono::milliseconds kAskManagerAgain{100};
constexpr std::chrono::seconds kTellInterval{1};  // blob_sources.cc waits four times as long.
constexpr std::chrono::milliseconds kPeerPatience{3'000};
constexpr std::chrono::minutes kLongestWait{5};
constexpr std::chrono::minutes kLongestMending{5};
constexpr int kMostPeers = 4;
constexpr std::uint64_t kWorthAsking = std::uint64_t{256} << 10;

}  // namespace

void RegistryWay::set_tls(TlsContext tls) {
  const std::lock_guard lock(mutex_);
  tls_ = std::move(tls);
}

Result<HttpClient*> RegistryWay::manager_client() {
  const std::lock_guard lock(mutex_);
  if (client_ == nullptr) {
    IK_LET(client,
           HttpClient::create(
               {.inactivity_limit_s = kManagerPatienceS, .unix_socket = options_.socket}));
    client_ = std::move(client);
  }
  return client_.get();
}

Result<Json> RegistryWay::ask_manager(const std::string& method, const std::string& path) {
  IK_LET(client, manager_client());
  OutgoingRequest request{.url = "http://registry" + path, .method = method};
  if (method == "POST") request.body = HttpBody{};
  request.retries = false;
  IK_LET(response, client->send(request));
  constexpr int kOk = 200;
  constexpr int kAtIt = 202;
  if (response.status != kOk && response.status != kAtIt) {
    return make_error(ErrorKind::kUnavailable, "the manager answered {}", response.status);
  }
  return parse_json(response.body);
}

std::optional<ImageSource> RegistryWay::find(const std::string& registry) {
  const auto has = [&](const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), registry) != names.end();
  };
  ImageSource source;
  source.registry.unix_socket = options_.socket;
  if (!options_.address.empty()) source.peers = this;
  if (has(options_.names)) return source;
  const auto now = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(mutex_);
    if (has(names_)) return source;
    if (now - told_at_ < kNamesAge && told_at_ != std::chrono::steady_clock::time_point()) {
      return std::nullopt;
    }
  }
  const Result<Json> told = ask_manager("GET", "/ikada/names");
  if (!told.has_value()) return std::nullopt;
  std::vector<std::string> names;
  JsonReader reader(*told, "names");
  reader.read("names", names);
  if (!reader.done().has_value()) return std::nullopt;
  const std::lock_guard lock(mutex_);
  names_ = std::move(names);
  told_at_ = now;
  return has(names_) ? std::optional(source) : std::nullopt;
}

std::string RegistryWay::source_path(const Descriptor& blob) const {
  return fmt::format(
      "/ikada/sources/{}?for={}", blob.digest.text(), registry::escape_query(options_.address));
}

void RegistryWay::note_failed(const Descriptor& blob, const std::string& from) {
  const std::string path =
      fmt::format("{}&failed={}", source_path(blob), registry::escape_query(from));
  static_cast<void>(ask_manager("POST", path).has_value());
}

// The sink's error, which ends all.
std::optional<Error> RegistryWay::fetch_from(const std::string& address,
                                             const Descriptor& blob,
                                             std::uint64_t& position,
                                             const Sink& sink) {
  PeerRequest wanted{.address = address,
                     .port = options_.blob_port,
                     .target = "/ikada/blobs/" + blob.digest.text(),
                     .offset = position,
                     .size_bytes = blob.size_bytes,
                     .patience = kPeerPatience};
  {
    const std::lock_guard lock(mutex_);
    wanted.tls = tls_;
    coming_[blob.digest.text()].givers.push_back(address);
  }
  const PeerAnswer answer = exchange_with_peer(wanted, sink);
  position += answer.bytes;
  if (!answer.sink_error.has_value() && !answer.is_whole) note_failed(blob, address);
  return answer.sink_error;
}

Result<std::uint64_t> RegistryWay::fetch(const Descriptor& blob,
                                         std::uint64_t offset,
                                         const Sink& sink) {
  std::uint64_t position = offset;
  if (blob.size_bytes < kWorthAsking) return std::uint64_t{0};
  const auto give_up_at = std::chrono::steady_clock::now() + kLongestWait;
  for (int peers = 0; peers < kMostPeers && position < blob.size_bytes;) {
    const Result<Json> told = ask_manager("GET", source_path(blob));
    if (!told.has_value()) break;
    const std::string way = told->value("way", "");
    if (way == "wait" && std::chrono::steady_clock::now() < give_up_at) {
      std::this_thread::sleep_for(kAskManagerAgain);
      continue;
    }
    if (way != "peer") break;
    ++peers;
    const std::optional<Error> failed =
        fetch_from(told->value("address", ""), blob, position, sink);
    if (failed.has_value()) return *failed;
  }
  return position - offset;
}

void RegistryWay::note_piece(const Descriptor& blob) {
  if (blob.size_bytes < kWorthAsking) return;
  const auto now = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(mutex_);
    Coming& coming = coming_[blob.digest.text()];
    if (now - coming.told_at < kTellInterval) return;
    coming.told_at = now;
  }
  static_cast<void>(ask_manager("POST", source_path(blob) + "&comes=1").has_value());
}

void RegistryWay::note(const Descriptor& blob, Outcome outcome) {
  std::vector<std::string> givers;
  {
    const std::lock_guard lock(mutex_);
    const auto found = coming_.find(blob.digest.text());
    if (found != coming_.end()) {
      givers = std::move(found->second.givers);
      coming_.erase(found);
    }
  }
  if (blob.size_bytes < kWorthAsking) return;
  if (outcome == Outcome::kGood) {
    static_cast<void>(ask_manager("POST", source_path(blob)).has_value());
    return;
  }
  // Which of several it was does not show.
  if (outcome == Outcome::kWrong) {
    for (const std::string& each : givers) note_failed(blob, each);
  } else {
    note_failed(blob, "");
  }
}

bool RegistryWay::mend(const Digest& digest) {
  const auto give_up_at = std::chrono::steady_clock::now() + kLongestMending;
  while (std::chrono::steady_clock::now() < give_up_at) {
    const Result<Json> told = ask_manager("POST", "/ikada/spoilt/" + digest.text());
    if (!told.has_value()) return false;
    if (told->value("done", false)) return true;
  }
  return false;
}

}  // namespace ikada
