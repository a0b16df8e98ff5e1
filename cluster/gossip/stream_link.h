// One TCP connection between two members: sealed frames, each behind four bytes of length.
//
// A link lives until somebody closes it, its peer does, something does not open, or its time is
// up: ten seconds are long for what members have to say to each other. Until its first frame has
// opened, a peer may be anybody, and gets no more memory than a small frame.
//
// All calls and callbacks are on the loop's thread.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "cluster/gossip/keyring.h"
#include "cluster/gossip/step.h"

namespace ikada::gossip {

class StreamLink : public std::enable_shared_from_this<StreamLink> {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using OnFrame = std::function<void(StreamId, std::string_view)>;
  using OnClosed = std::function<void(StreamId)>;

  // `keyring` and the callbacks are used until finish() or close().
  StreamLink(Socket socket, StreamId id, Keyring& keyring, OnFrame on_frame, OnClosed on_closed);

  void connect(const boost::asio::ip::tcp::endpoint& peer);  // For a socket that is not connected.
  void start();                                              // For one that is.
  void send(std::string_view plain);
  // What was sent before still goes out. From finish() or close() on nothing is called back.
  void finish();
  void close();

  StreamId id() const { return id_; }
  bool is_trusted() const { return is_trusted_; }  // A frame has opened.

 private:
  void read_size();
  void read_frame(size_t size);
  void write_next();
  void fail();

  Socket socket_;
  StreamId id_;
  Keyring& keyring_;
  OnFrame on_frame_;
  OnClosed on_closed_;
  boost::asio::steady_timer deadline_;
  std::array<unsigned char, 4> size_{};
  std::string frame_;
  std::deque<std::string> to_write_;
  bool is_connected_ = false;
  bool is_writing_ = false;
  bool is_finishing_ = false;
  bool is_trusted_ = false;
  bool is_closed_ = false;
};

}  // namespace ikada::gossip
