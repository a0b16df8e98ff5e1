// Source: Boost.Beast, "Using Beast", split compilation.
#include <boost/beast/src.hpp>
