mkdir -p .pgflakegen
echo mine > .pgflakegen/notes.txt
mkdir .pgflakegen/new && echo mine > .pgflakegen/new/more.txt
