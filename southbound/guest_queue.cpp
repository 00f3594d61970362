#include "southbound/guest_queue.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace metergate::southbound {

const GuestQueue::Client* GuestQueue::find(const Id& client) const {
    const auto found = std::find_if(clients_.begin(), clients_.end(),
                                    [&](const Client& known) { return known.id == client; });
    return found == clients_.end() ? nullptr : &*found;
}

bool GuestQueue::has_room_for(const Id& client) const {
    const Client* known = find(client);
    return known == nullptr ? clients_.size() < clients_max : known->waiting.size() < waiting_max;
}

void GuestQueue::push(Instant now, GuestRequest guest) {
    assert(has_room_for(guest.client));
    auto client = std::find_if(clients_.begin(), clients_.end(),
                               [&](const Client& known) { return known.id == guest.client; });
    if (client == clients_.end()) {
        client = clients_.insert(clients_.end(), {guest.client, {}});
    }
    client->waiting.push_back({now, std::move(guest)});
}

GuestRequest GuestQueue::take() {
    Client client = std::move(clients_.front());
    clients_.pop_front();
    GuestRequest guest = std::move(client.waiting.front().guest);
    client.waiting.pop_front();
    if (!client.waiting.empty()) {
        clients_.push_back(std::move(client));
    }
    return guest;
}

}  // namespace metergate::southbound
