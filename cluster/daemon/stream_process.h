// A program of this host whose stdio somebody on another host has: `ikada logs` or `ikada exec` of
// a task's container.
//
// Frames, each a JSON object (bytes in base64):
//
//   {"out": B} {"err": B}     from the program          {"in": B} {"end": true}   to its stdin
//   {"exit": STATUS}          the last one              {"window": [ROWS, COLUMNS]}
//   {"error": MESSAGE}        in its place              {"signal": NUMBER}   to the program
//   {"taken": N}              either way: so many bytes of out and err, or of in, have gone on
//
// Each side sends at most kStreamWindow bytes more than have been taken, so that a slow reader
// makes the program wait and nobody's memory grows; who sends more input than that is cut off.
//
// All calls and callbacks are on the loop's thread.
#pragma once

#include <sys/types.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "cluster/daemon/stream_order.h"
#include "runtime/base/json.h"
#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

inline constexpr size_t kStreamWindow = size_t{256} << 10;

class StreamProcess : public std::enable_shared_from_this<StreamProcess> {
 public:
  using Send = std::function<void(const Json& frame)>;

  // `command` is the program and its first words. `send` is called until the last frame.
  static Result<std::shared_ptr<StreamProcess>> start(boost::asio::io_context& loop,
                                                      std::vector<std::string> command,
                                                      const StreamOrder& order,
                                                      Send send);
  ~StreamProcess();

  void take(const Json& frame);
  // The other side has gone: nothing is sent any more, and the program ends. It is hung up on; if
  // it goes on all the same it is killed, and so is what it attends to in the container.
  void abandon();

 private:
  using Descriptor = boost::asio::posix::stream_descriptor;
  struct Output {
    std::shared_ptr<Descriptor> fd;
    const char* name = "out";
    std::vector<char> buffer = std::vector<char>(16 << 10);
    bool is_reading = false;
    bool is_over = false;
    std::optional<size_t> left = {};  // When the program had ended.
  };

  StreamProcess(boost::asio::io_context& loop, Send send);

  Result<void> spawn_it(const std::vector<std::string>& command, const StreamOrder& order);
  void begin();
  void read(Output& output);
  void go_on();
  bool is_empty(Output& output) const;
  void take_input(const Json& frame);
  void take_window(const Json& size);
  void take_signal(const Json& number);
  void say(const Json& frame);
  void write_input();
  void await_end();
  void finish();
  void give_up_outputs();
  void close_all();

  boost::asio::io_context& loop_;
  Send send_;
  pid_t pid_ = -1;
  std::shared_ptr<Descriptor> end_;
  std::vector<Output> outputs_;
  std::shared_ptr<Descriptor> input_;  // With a terminal the same as the output.
  std::deque<std::string> to_write_;
  size_t unwritten_ = 0;
  bool is_writing_ = false;
  bool ends_input_ = false;
  bool has_ended_ = false;
  bool has_terminal_ = false;
  size_t untaken_ = 0;
  boost::asio::steady_timer timer_;
};

}  // namespace ikada
