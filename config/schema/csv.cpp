#include "config/schema/csv.hpp"

#include <algorithm>

namespace metergate::schema {
namespace {

constexpr std::string_view formula_starts = "=+-@\t\r";

/// A negative number alone is no formula.
bool is_number(std::string_view cell) {
    const std::string_view digits = cell.starts_with('-') ? cell.substr(1) : cell;
    const auto belongs = [](char c) { return (c >= '0' && c <= '9') || c == '.'; };
    return !digits.empty() && std::all_of(digits.begin(), digits.end(), belongs);
}

char separator_of(std::string_view text) {
    const std::string_view first_line = text.substr(0, text.find('\n'));
    const bool has_comma = first_line.find(',') != std::string_view::npos;
    return !has_comma && first_line.find(';') != std::string_view::npos ? ';' : ',';
}

class CsvReader {
  public:
    explicit CsvReader(std::string_view text) : text_(text), separator_(separator_of(text)) {}

    Result<std::vector<CsvRow>> read() {
        std::vector<CsvRow> rows;
        while (at_ < text_.size()) {
            CsvRow row{line_, {}};
            if (auto error = read_row(row); !error.empty()) {
                return Error{Fault::invalid, "line " + std::to_string(line_) + ": " + error};
            }
            if (row.cells.size() > 1 || !row.cells.front().empty()) rows.push_back(std::move(row));
        }
        return rows;
    }

  private:
    [[nodiscard]] bool at_row_end() const {
        return at_ >= text_.size() || text_[at_] == '\n' || text_.substr(at_, 2) == "\r\n";
    }

    std::string read_row(CsvRow& row) {
        for (;;) {
            std::string cell;
            const bool quoted = at_ < text_.size() && text_[at_] == '"';
            if (std::string error = quoted ? read_quoted(cell) : read_plain(cell); !error.empty()) {
                return error;
            }
            row.cells.push_back(std::move(cell));
            if (at_row_end()) break;
            if (text_[at_] != separator_) return "a quoted cell ends before its cell does";
            ++at_;
        }
        if (at_ < text_.size()) at_ += text_.substr(at_, 2) == "\r\n" ? 2U : 1U;
        ++line_;
        return {};
    }

    std::string read_plain(std::string& cell) {
        while (!at_row_end() && text_[at_] != separator_) {
            if (text_[at_] == '"') return "a quotation mark in a cell that does not begin with one";
            cell += text_[at_++];
        }
        return {};
    }

    std::string read_quoted(std::string& cell) {
        const std::size_t first_line = line_;
        for (++at_; at_ < text_.size(); ++at_) {
            if (text_[at_] == '"' && text_.substr(at_, 2) != "\"\"") {
                ++at_;
                return {};
            }
            if (text_[at_] == '"') ++at_;  // two stand for one
            if (text_[at_] == '\n') ++line_;
            cell += text_[at_];
        }
        line_ = first_line;
        return "a quotation mark is opened and not closed";
    }

    std::string_view text_;
    char separator_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
};

}  // namespace

Result<std::vector<CsvRow>> read_csv(std::string_view text) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    return CsvReader(text).read();
}

std::string csv_row(const std::vector<std::string>& cells) {
    std::string out;
    for (const std::string& original : cells) {
        if (&original != &cells.front()) out += ',';
        // One apostrophe more where there is one already, so that it can be taken away again.
        const std::size_t start = original.find_first_not_of('\'');
        const bool formula = start != std::string::npos && !is_number(original) &&
                             formula_starts.find(original[start]) != std::string_view::npos;
        const std::string cell = (formula ? "'" : "") + original;
        if (cell.find_first_of(",;\"\r\n") == std::string::npos) {
            out += cell;
            continue;
        }
        out += '"';
        for (const char c : cell)
            out += c == '"' ? "\"\"" : std::string(1, c);
        out += '"';
    }
    return out + "\r\n";
}

std::string without_apostrophe(const std::string& cell) {
    const std::size_t start = cell.find_first_not_of('\'');
    const bool formula = start != std::string::npos && start > 0 &&
                         formula_starts.find(cell[start]) != std::string_view::npos;
    return formula ? cell.substr(1) : cell;
}

}  // namespace metergate::schema
