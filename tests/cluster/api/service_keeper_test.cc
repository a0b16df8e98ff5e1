#include "cluster/api/service_keeper.h"

#include <deque>
#include <utility>

#include <doctest/doctest.h>

#include "cluster/store/memory_store.h"

namespace ikada {
namespace {

using std::chrono::milliseconds;

// Time that passes only when the test says so.
class ManualLoop : public Loop {
 public:
  std::chrono::steady_clock::time_point now() const override {
    return std::chrono::steady_clock::time_point(now_);
  }
  std::int64_t boot_ms() const override { return now_.count(); }
  UnixNanos wall_now() const override { return now_.count() * 1'000'000; }
  void post(std::function<void()> work) override { posted_.push_back(std::move(work)); }

  std::unique_ptr<Timer> make_timer() override {
    auto entry = std::make_shared<Entry>();
    entries_.push_back(entry);
    return std::make_unique<OwnTimer>(*this, std::move(entry));
  }

  void run_posted() {
    while (!posted_.empty()) {
      const std::function<void()> work = std::move(posted_.front());
      posted_.pop_front();
      work();
    }
  }

  void pass(milliseconds time) {
    now_ += time;
    for (size_t i = 0; i < entries_.size(); ++i) {
      const std::shared_ptr<Entry> each = entries_[i];
      if (!each->then || each->at > now_) continue;
      const std::function<void()> then = std::exchange(each->then, {});
      then();
    }
    run_posted();
  }

 private:
  struct Entry {
    milliseconds at = {};
    std::function<void()> then = {};
  };
  class OwnTimer : public Timer {
   public:
    OwnTimer(ManualLoop& loop, std::shared_ptr<Entry> entry)
        : loop_(loop), entry_(std::move(entry)) {}
    ~OwnTimer() override { entry_->then = {}; }
    void set(milliseconds after, std::function<void()> then) override {
      *entry_ = {.at = loop_.now_ + after, .then = std::move(then)};
    }
    void cancel() override { entry_->then = {}; }

   private:
    ManualLoop& loop_;
    std::shared_ptr<Entry> entry_;
  };

  milliseconds now_{1'700'000'000'000};
  std::deque<std::function<void()>> posted_ = {};
  std::vector<std::shared_ptr<Entry>> entries_ = {};
};

// A manager with a service of two tasks that nobody has looked at.
struct Keeping {
  Keeping() {
    ApiGround ground;
    ground.commit = [this](const Transaction& transaction, const ApiGround::Committed& then) {
      if (is_store_away) return then(make_error(ErrorKind::kUnavailable, "away"));
      then(store.commit(transaction));
    };
    ground.post = [this](std::function<void()> work) { loop->post(std::move(work)); };
    ground.now = [this] { return Timestamp{loop->boot_ms()}; };
    ground.random_hex = [this](size_t bytes) { return fmt::format("{:0{}x}", ++ids, bytes * 2); };
    api = std::make_unique<ApiServer>(
        std::move(ground),
        *feed,
        ApiOptions{
            .account = "123456789012", .home_region = "us-east-1", .virtual_instances = true});
    call("CreateCluster", "{}");
    call("RegisterContainerInstance",
         R"({"totalResources":[{"name":"CPU","type":"INTEGER","integerValue":4096},)"
         R"({"name":"MEMORY","type":"INTEGER","integerValue":8192}]})");
    call("RegisterTaskDefinition",
         R"({"family":"web","containerDefinitions":[{"name":"web","image":"a","memory":64}]})");
    call("CreateService", R"({"serviceName":"web","taskDefinition":"web","desiredCount":2})");
    keeper = std::make_unique<ServiceKeeper>(loop, *api, *feed);
  }

  void call(const std::string& action, const std::string& body) {
    unsigned status = 0;
    api->handle({.target = "AmazonEC2ContainerServiceV20141113." + action,
                 .body = body,
                 .region = "us-east-1"},
                [&](const ApiReply& reply) {
                  status = reply.status;
                  CHECK_MESSAGE(reply.status == 200, reply.body);
                });
    settle();
    REQUIRE(status == 200);
  }

  void settle() {
    for (int i = 0; i < 10; ++i) {
      loop->run_posted();
      feed->pull();
    }
  }

  size_t tasks_of(const std::string& name) const {
    const auto* cluster = feed->state()
                              .scope({.account = "123456789012", .region = "us-east-1"})
                              .find_cluster("default");
    size_t count = 0;
    for (const auto& [id, task] : cluster->tasks) count += task.value.group == "service:" + name;
    return count;
  }

  size_t tasks() const {
    const auto* cluster = feed->state()
                              .scope({.account = "123456789012", .region = "us-east-1"})
                              .find_cluster("default");
    return cluster == nullptr ? 0 : cluster->tasks.size();
  }

  size_t events(std::string_view service) const {
    const auto* cluster = feed->state()
                              .scope({.account = "123456789012", .region = "us-east-1"})
                              .find_cluster("default");
    return find_service(*cluster, service)->events.value.events.size();
  }

  MemoryStore store;
  std::shared_ptr<ManualLoop> loop = std::make_shared<ManualLoop>();
  std::unique_ptr<StateFeed> feed =
      std::move(*StateFeed::create_without_thread(store, [](const Error&) {}));
  bool is_store_away = false;
  std::int64_t ids = 0;
  std::unique_ptr<ApiServer> api = {};
  std::unique_ptr<ServiceKeeper> keeper = {};
};

TEST_CASE("who begins to keep services looks at all of them, though nothing changes") {
  Keeping it;
  REQUIRE(it.tasks() == 0);

  it.keeper->start();
  it.settle();

  CHECK(it.tasks() == 2);
}

TEST_CASE("a host that comes has its daemon before others fill it") {
  Keeping it;
  it.feed->set_on_change([&](std::string_view key) {
    it.api->note_change(key);
    it.keeper->note_change(key);
  });
  it.call("RegisterTaskDefinition",
          R"({"family":"big","containerDefinitions":[{"name":"c","image":"a","memory":8064}]})");
  it.call("CreateService", R"({"serviceName":"a","taskDefinition":"big","desiredCount":2})");
  it.keeper->start();
  it.settle();
  it.call("CreateService",
          R"({"serviceName":"z","taskDefinition":"web","schedulingStrategy":"DAEMON"})");
  REQUIRE(it.tasks_of("web") == 2);
  REQUIRE(it.tasks_of("a") == 1);
  REQUIRE(it.tasks_of("z") == 0);

  it.call("RegisterContainerInstance",
          R"({"totalResources":[{"name":"CPU","type":"INTEGER","integerValue":4096},)"
          R"({"name":"MEMORY","type":"INTEGER","integerValue":8064}]})");
  CHECK(it.tasks_of("a") == 1);
  CHECK(it.tasks_of("z") == 1);
}

TEST_CASE("a step that the store did not take is made again, though nothing changes") {
  Keeping it;
  it.is_store_away = true;
  it.keeper->start();
  it.settle();
  REQUIRE(it.tasks() == 0);
  it.is_store_away = false;

  it.loop->pass(std::chrono::seconds(1));
  it.settle();

  CHECK(it.tasks() == 2);
}

TEST_CASE("a quiet service is looked at when it is to be told again that it is steady") {
  Keeping it;
  it.call("CreateService", R"({"serviceName":"quiet","taskDefinition":"web","desiredCount":0})");
  it.keeper->start();
  it.settle();
  const size_t told = it.events("quiet");
  REQUIRE(told > 0);

  it.loop->pass(std::chrono::hours(5));
  it.settle();
  CHECK(it.events("quiet") == told);

  it.loop->pass(std::chrono::hours(1));
  it.settle();
  CHECK(it.events("quiet") == told + 1);
}

}  // namespace
}  // namespace ikada
