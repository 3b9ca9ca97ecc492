using System.Text.Json.Serialization.Metadata;

namespace Tally.AppHost.Commands.Output;

/// <summary>For people.</summary>
internal sealed class TextOutput(Terminal terminal) : CommandOutput(terminal)
{
    public override void Answer<T>(T answer, JsonTypeInfo<T> shape, Action<TextAnswer> text) => text(new TextAnswer(Terminal));

    protected override void WriteFailure(CommandException failure) => Note(failure.Words);
}
