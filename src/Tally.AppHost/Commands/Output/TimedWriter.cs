using System.Text;

namespace Tally.AppHost.Commands.Output;

/// <summary>Puts the time (UTC) before every line: for what goes to a log.</summary>
internal sealed class TimedWriter(TextWriter to, TimeProvider time) : TextWriter
{
    public override Encoding Encoding => to.Encoding;

    public override void Write(char value) => to.Write(value);

    public override void WriteLine(string? value) => to.WriteLine($"{time.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ} {value}");

    public override void Flush() => to.Flush();
}
