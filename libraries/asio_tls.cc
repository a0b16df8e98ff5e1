// Source: Boost.Asio, "Using, Building, and Configuring", optional separate compilation.
#include <boost/asio/ssl/impl/src.hpp>
