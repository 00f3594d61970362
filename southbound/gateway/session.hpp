#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/model/clock.hpp"
#include "gateway/model/ids.hpp"
#include "southbound/gateway/mbap.hpp"
#include "southbound/gateway/relay.hpp"

namespace metergate::southbound::gateway {

/// The unit by which clients speak to the gateway itself (Messaging on TCP/IP V1.0b, 4.4.2.2).
inline constexpr std::uint8_t own_unit = 255;
/// An age that cannot be told in a register: nothing was answered yet, or longer ago than 65.5 s.
inline constexpr std::uint16_t age_unknown = 65'535;

/// One client's connection without the socket: bytes in, bytes out. What a client may cost is
/// limited here: memory, requests at a time and a second, time without asking or listening. Lives
/// on the server's thread.
///
/// Holding or input register N of unit 255 tells how many milliseconds ago the values were those of
/// the panel that this client was last given of unit N (1..247).
class Session : public std::enable_shared_from_this<Session> {
  public:
    static constexpr std::size_t outstanding_max = 8;    ///< more are answered as busy
    static constexpr std::size_t received_max = 1024;    ///< bytes not yet looked at
    static constexpr std::size_t unsent_max = 8192;      ///< then no more is read
    static constexpr std::int64_t requests_per_s = 200;  ///< of one client: then they wait
    static constexpr Duration burst = std::chrono::milliseconds{500};  ///< of that rate
    static constexpr Duration listen_max = std::chrono::seconds{10};   ///< until answers are taken
    static constexpr Duration frame_max = std::chrono::seconds{10};    ///< until one is whole

    /// Closes after `idle_max` without a whole request. Must be held by a shared_ptr.
    Session(const Clock& clock, Relay& relay, Id client, Duration idle_max);

    /// How many bytes receive() takes now; 0 while the client is to wait.
    [[nodiscard]] std::size_t room() const;
    /// Not more than room() was when the reading of these bytes began.
    void receive(std::span<const std::uint8_t> bytes);
    /// Goes on with what had to wait, and ends what lasts too long; to be called several times a
    /// second.
    void step();

    /// Called when there is something to send that was not there before.
    void on_output(std::function<void()> wake) { wake_ = std::move(wake); }
    /// What is to be sent now; empty while the last is not written(). Bounded by unsent_max, one
    /// receive and the outstanding answers.
    [[nodiscard]] std::vector<std::uint8_t> take_output();
    void written();

    /// Why the connection is to be closed; nothing while it is not.
    [[nodiscard]] const std::optional<std::string>& ended() const { return ended_; }
    [[nodiscard]] const Id& client() const { return client_; }
    [[nodiscard]] std::uint64_t requests() const { return requests_; }
    [[nodiscard]] std::size_t outstanding() const { return outstanding_; }
    [[nodiscard]] std::size_t unsent() const { return output_.size() + being_written_; }

  private:
    void work();
    [[nodiscard]] bool may_go_on() const;
    void handle(const Frame& frame);
    void send(const Frame& asked, const Answer& answer);
    void count(const Answer& answer);
    [[nodiscard]] Answer own_answer(const Pdu& pdu) const;
    [[nodiscard]] std::uint16_t age_ms(std::size_t unit) const;
    void end(std::string why);

    const Clock& clock_;
    Relay& relay_;
    Id client_;
    Duration idle_max_;
    std::function<void()> wake_;
    std::vector<std::uint8_t> received_;
    std::vector<std::uint8_t> output_;
    std::size_t being_written_ = 0;
    std::size_t outstanding_ = 0;
    std::uint64_t requests_ = 0;
    std::shared_ptr<Instant> next_free_;   ///< its client's pace
    Instant last_request_;                 ///< or since when it is connected
    std::optional<Instant> frame_since_;   ///< when a frame began that is not whole
    std::optional<Instant> unsent_since_;  ///< when the client last took something, or had nothing
    std::array<std::optional<Instant>, 256> asked_{};  ///< of what was last answered, by unit
    std::optional<std::string> ended_;
};

}  // namespace metergate::southbound::gateway
