#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <limits>
#include <unordered_set>

#include "config/schema/json.hpp"

namespace metergate::schema {
namespace {

namespace bj = boost::json;

/// Follows the parser through the text token by token, because the parser itself does not say where
/// it is. Whatever it passes has been found valid by the parser already.
class Cursor {
  public:
    Cursor(std::string_view text, bool comments) : text_(text), comments_(comments) {}

    /// Goes on to the next token and says where it begins.
    Place skip_to_token() {
        comma_seen_ = false;
        while (at_ < text_.size()) {
            if (comments_ && here() == '/') {
                skip_comment();
            } else if (is_between(here())) {
                comma_seen_ = comma_seen_ || here() == ',';
                step();
            } else {
                break;
            }
        }
        return place_;
    }

    void skip_bracket() { step(); }

    void skip_string() {
        step();
        while (here() != '"') {
            if (here() == '\\') step();
            step();
        }
        step();
    }

    /// A number or a word; its text.
    std::string_view skip_word() {
        const std::size_t begin = at_;
        while (at_ < text_.size() && is_of_word(here()))
            step();
        return text_.substr(begin, at_ - begin);
    }

    /// Goes to a place the parser named and says where that is.
    Place go_to(std::size_t offset) {
        while (at_ < offset && at_ < text_.size())
            step();
        return place_;
    }

    [[nodiscard]] std::size_t offset() const { return at_; }
    /// Whether the last skip_to_token passed a comma.
    [[nodiscard]] bool comma_seen() const { return comma_seen_; }

  private:
    static bool is_between(char c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',' || c == ':';
    }
    static bool is_of_word(char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == 'E' || c == '+' ||
               c == '-' || c == '.';
    }

    [[nodiscard]] char here() const { return at_ < text_.size() ? text_[at_] : '"'; }

    void step() {
        if (at_ >= text_.size()) return;
        const auto byte = static_cast<unsigned char>(text_[at_++]);
        if (byte == '\n') {
            ++place_.line;
            place_.column = 1;
        } else if (at_ == text_.size() || !is_continuation(text_[at_])) {
            ++place_.column;
        }
    }
    static bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

    void skip_comment() {
        const bool to_line_end = text_.substr(at_, 2) == "//";
        const std::string_view end = to_line_end ? "\n" : "*/";
        const std::size_t found = text_.find(end, at_ + 2);
        go_to(found == std::string_view::npos ? text_.size() : found + end.size());
    }

    std::string_view text_;
    bool comments_;
    std::size_t at_ = 0;
    Place place_{1, 1};
    bool comma_seen_ = false;
};

/// Builds the value from the parser's events. The names and shapes of its functions are the
/// parser's.
class Builder {
  public:
    static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

    Builder(std::string_view text, bool comments) : cursor_(text, comments) {}

    bool on_document_begin(bj::error_code&) { return true; }
    bool on_document_end(bj::error_code&) { return true; }

    bool on_object_begin(bj::error_code&) { return open(Json::object()); }
    bool on_array_begin(bj::error_code&) { return open(Json::array()); }
    bool on_object_end(std::size_t, bj::error_code&) { return close(); }
    bool on_array_end(std::size_t, bj::error_code&) { return close(); }

    bool on_key_part(bj::string_view part, std::size_t, bj::error_code&) { return collect(part); }
    bool on_string_part(bj::string_view part, std::size_t, bj::error_code&) {
        return collect(part);
    }
    bool on_key(bj::string_view part, std::size_t, bj::error_code& ec) {
        collect(part);
        const Place place = cursor_.skip_to_token();
        Frame& frame = frames_.back();
        frame.key = std::move(text_);
        frame.key_place = place;
        text_.clear();
        if (!frame.keys.insert(frame.key).second) {
            const std::string key = std::move(frame.key);
            frame.key.clear();
            return refuse(ec, place, "\"" + key + "\" stands twice" + where());
        }
        cursor_.skip_string();
        after_value_ = false;
        return true;
    }
    bool on_string(bj::string_view part, std::size_t, bj::error_code&) {
        collect(part);
        const Place place = cursor_.skip_to_token();
        cursor_.skip_string();
        Json value = Json::of(std::move(text_));
        text_.clear();
        return add(std::move(value), place);
    }

    bool on_number_part(bj::string_view, bj::error_code&) { return true; }
    bool on_int64(std::int64_t, bj::string_view, bj::error_code& ec) { return number(ec); }
    bool on_uint64(std::uint64_t, bj::string_view, bj::error_code& ec) { return number(ec); }
    bool on_double(double, bj::string_view, bj::error_code& ec) { return number(ec); }
    bool on_bool(bool value, bj::error_code&) { return word(Json::of(value)); }
    bool on_null(bj::error_code&) { return word(Json()); }
    bool on_comment_part(bj::string_view, bj::error_code&) { return true; }
    bool on_comment(bj::string_view, bj::error_code&) { return true; }

    [[nodiscard]] Json take() { return std::move(done_); }

    /// What to tell about an error that the parser found at `offset`.
    [[nodiscard]] SyntaxProblem problem(bj::error_code ec, std::string_view text,
                                        std::size_t offset) {
        if (refused_) return *refused_;
        Place place = cursor_.skip_to_token();
        const bool value_follows_value = after_value_ && !frames_.empty() && !cursor_.comma_seen();
        if (ec == bj::error::incomplete) {
            return {cursor_.go_to(text.size()), incomplete_text()};
        }
        if (const auto word = word_at(text, cursor_.offset()); !word.empty()) {
            return {place, "unexpected " + std::string(word) + where() +
                               " (text stands in quotation marks)"};
        }
        if (offset > cursor_.offset()) place = cursor_.go_to(offset);
        if (ec == bj::error::too_deep) return {place, "nested too deep"};
        if (ec == bj::error::extra_data) return {place, "nothing may follow the end of the value"};
        if (ec != bj::error::syntax) return {place, ec.message() + where()};
        if (cursor_.offset() >= text.size()) return {place, incomplete_text()};
        const std::string seen = seen_text(text[cursor_.offset()]);
        const bool ends = seen == "\"}\"" || seen == "\"]\"";
        if (value_follows_value && !ends) {
            return {place, "a comma is missing before " + seen + where()};
        }
        if (ends && cursor_.comma_seen()) {
            return {place, "the comma before " + seen + " is one too many" + where()};
        }
        return {place, "unexpected " + seen + where()};
    }

  private:
    struct Frame {
        Json value;
        std::string key;
        Place key_place;
        std::unordered_set<std::string> keys;
        std::size_t count = 0;
    };

    bool collect(bj::string_view part) {
        text_.append(part.data(), part.size());
        return true;
    }

    bool open(Json value) {
        value.set_place(cursor_.skip_to_token());
        cursor_.skip_bracket();
        frames_.push_back({std::move(value), {}, {}, {}, 0});
        after_value_ = false;
        return true;
    }

    bool close() {
        cursor_.skip_to_token();
        cursor_.skip_bracket();
        Json value = std::move(frames_.back().value);
        frames_.pop_back();
        const Place place = value.place();
        return add(std::move(value), place);
    }

    bool word(Json value) {
        const Place place = cursor_.skip_to_token();
        cursor_.skip_word();
        return add(std::move(value), place);
    }

    bool number(bj::error_code& ec) {
        const Place place = cursor_.skip_to_token();
        const std::string_view text = cursor_.skip_word();
        const char* const end = text.data() + text.size();
        const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
        if (digits.size() > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9') {
            return refuse(ec, place, std::string(text) + " begins with a zero" + where());
        }
        if (text.find_first_of(".eE") == std::string_view::npos) {
            std::int64_t integer = 0;
            if (std::from_chars(text.data(), end, integer).ec != std::errc{}) {
                return refuse(ec, place, std::string(text) + " does not fit in 64 bits" + where());
            }
            return add(Json::of(integer), place);
        }
        double value = 0;
        if (std::from_chars(text.data(), end, value).ec != std::errc{}) {
            return refuse(ec, place, std::string(text) + " is no usable number" + where());
        }
        return add(Json::of(Decimal{value, std::string(text)}), place);
    }

    bool add(Json value, Place place) {
        value.set_place(place);
        after_value_ = true;
        if (frames_.empty()) {
            done_ = std::move(value);
            return true;
        }
        Frame& frame = frames_.back();
        ++frame.count;
        frame.value.append_parsed(std::move(frame.key), frame.key_place, std::move(value));
        frame.key.clear();
        return true;
    }

    bool refuse(bj::error_code& ec, Place place, std::string text) {
        refused_ = SyntaxProblem{place, std::move(text)};
        ec = bj::make_error_code(bj::error::syntax);
        return false;
    }

    /// " in lines[0].panels[3]"; empty at the top.
    [[nodiscard]] std::string where() const {
        std::string path;
        for (const Frame& frame : frames_) {
            if (frame.value.as_array() != nullptr) {
                path += "[" + std::to_string(frame.count) + "]";
            } else if (!frame.key.empty()) {
                path += (path.empty() ? "" : ".") + frame.key;
            }
        }
        return path.empty() ? "" : " in " + path;
    }

    [[nodiscard]] std::string incomplete_text() const {
        if (frames_.empty()) return "the text ends before a value is complete";
        const Json& open = frames_.back().value;
        const char* bracket = open.as_array() != nullptr ? "[" : "{";
        return std::string("the text ends before the \"") + bracket + "\" of line " +
               std::to_string(open.place().line) + " is closed" + where();
    }

    static std::string_view word_at(std::string_view text, std::size_t begin) {
        constexpr std::string_view letters =
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
        const std::size_t end = text.find_first_not_of(letters, begin);
        return begin < text.size() ? text.substr(begin, end - begin) : std::string_view();
    }

    static std::string seen_text(char c) {
        const auto code = static_cast<unsigned char>(c);
        if (code == 0) return "zero byte";
        if (code < 0x20 || code == 0x7F) return "control character " + std::to_string(code);
        if (code >= 0x80) return "byte " + std::to_string(code) + " (no valid UTF-8 here)";
        return c == '"' ? "a quotation mark" : std::string("\"") + c + "\"";
    }

    Cursor cursor_;
    std::vector<Frame> frames_;
    std::string text_;
    Json done_;
    bool after_value_ = false;
    std::optional<SyntaxProblem> refused_;
};

std::string place_text(Place place) {
    return "line " + std::to_string(place.line) + ", column " + std::to_string(place.column);
}

}  // namespace

std::variant<Json, SyntaxProblem> read_json(std::string_view text, const ParseOptions& options) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (text.size() > options.size_max) {
        return SyntaxProblem{{1, 1},
                             "the text has " + std::to_string(text.size()) +
                                 " bytes, more than the " + std::to_string(options.size_max) +
                                 " allowed"};
    }
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    bj::parse_options parser_options;
    parser_options.allow_comments = options.comments;
    parser_options.max_depth = options.depth_max;
    bj::basic_parser<Builder> parser(parser_options, text, options.comments);
    bj::error_code ec;
    const std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
    if (!ec && used < text.size()) ec = bj::error::extra_data;
    if (ec) return parser.handler().problem(ec, text, used);
    return parser.handler().take();
}

Result<Json> parse_json(std::string_view text, const ParseOptions& options) {
    auto outcome = read_json(text, options);
    if (const auto* problem = std::get_if<SyntaxProblem>(&outcome)) {
        return Error{Fault::invalid, place_text(problem->place) + ": " + problem->text};
    }
    return std::get<Json>(std::move(outcome));
}

}  // namespace metergate::schema
