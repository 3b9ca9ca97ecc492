namespace Tally.AppHost.Commands.Output;

/// <summary>Writes an answer for people: lines, and tables that are drawn on a terminal and plain where they're piped.</summary>
internal sealed class TextAnswer(Terminal terminal)
{
    public void Line(string text = "") => terminal.Out.WriteLine(text);

    public void Table(TextTable table)
    {
        if (terminal.IsOutTerminal)
        {
            DrawnTable.Write(table, terminal.Out);
        }
        else
        {
            PlainTable.Write(table, terminal.Out);
        }
    }
}
