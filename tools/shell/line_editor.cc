#include "line_editor.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#if MOTE_WITH_EDITLINE
#include <histedit.h>
#endif

namespace shell {

namespace {

constexpr const char* kFirstPrompt = "mote> ";
constexpr const char* kNextPrompt = "  ..> ";

}  // namespace

#if MOTE_WITH_EDITLINE
struct LineEditor::Terminal {
  EditLine* editor = nullptr;
  History* history = nullptr;
  std::string history_file;
  const char* prompt = kFirstPrompt;
};

LineEditor::LineEditor(bool interactive) : interactive_(interactive) {
  if (!interactive) return;
  terminal_ = new Terminal;
  terminal_->editor = el_init("mote", stdin, stdout, stderr);
  terminal_->history = history_init();
  if (terminal_->editor == nullptr || terminal_->history == nullptr) return;
  HistEvent event;
  history(terminal_->history, &event, H_SETSIZE, 1000);
  el_set(terminal_->editor, EL_CLIENTDATA, terminal_);
  el_set(
      terminal_->editor, EL_PROMPT, +[](EditLine* editor) {
        Terminal* terminal = nullptr;
        el_get(editor, EL_CLIENTDATA, &terminal);
        return const_cast<char*>(terminal->prompt);
      });
  el_set(terminal_->editor, EL_EDITOR, "emacs");
  el_set(terminal_->editor, EL_HIST, history, terminal_->history);
  el_source(terminal_->editor, nullptr);
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') {
    terminal_->history_file = std::string(home) + "/.mote_history";
    history(terminal_->history, &event, H_LOAD, terminal_->history_file.c_str());
  }
}

LineEditor::~LineEditor() {
  if (terminal_ == nullptr) return;
  if (terminal_->history != nullptr) {
    HistEvent event;
    if (!terminal_->history_file.empty()) {
      // Statements may hold what is nobody else's business.
      const mode_t mask = umask(0077);
      history(terminal_->history, &event, H_SAVE, terminal_->history_file.c_str());
      umask(mask);
    }
    history_end(terminal_->history);
  }
  if (terminal_->editor != nullptr) el_end(terminal_->editor);
  delete terminal_;
}

void LineEditor::remember(const std::string& statement) {
  if (terminal_ == nullptr || terminal_->history == nullptr) return;
  HistEvent event;
  history(terminal_->history, &event, H_ENTER, statement.c_str());
}

bool LineEditor::read(bool at_start, std::string* text) {
  if (terminal_ != nullptr && terminal_->editor != nullptr) {
    terminal_->prompt = at_start ? kFirstPrompt : kNextPrompt;
    int size = 0;
    const char* line = el_gets(terminal_->editor, &size);
    if (line == nullptr || size <= 0) return false;
    text->assign(line, static_cast<size_t>(size));
    return true;
  }
#else
struct LineEditor::Terminal {};
LineEditor::LineEditor(bool interactive) : interactive_(interactive) {}
LineEditor::~LineEditor() = default;
void LineEditor::remember(const std::string&) {}

bool LineEditor::read(bool at_start, std::string* text) {
#endif
  if (interactive_) {
    std::fputs(at_start ? kFirstPrompt : kNextPrompt, stdout);
    std::fflush(stdout);
  }
  char piece[64 * 1024];
  ssize_t size;
  do {
    size = ::read(STDIN_FILENO, piece, sizeof piece);
  } while (size < 0 && errno == EINTR);
  failed_ = size < 0;
  if (size <= 0) return false;
  text->assign(piece, static_cast<size_t>(size));
  return true;
}

}  // namespace shell
