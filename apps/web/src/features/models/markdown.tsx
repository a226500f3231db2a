import MarkdownToJsx from 'markdown-to-jsx';

/**
 * Somebody's Markdown as elements of React: HTML in it is text, and addresses that would run a script are left out by the
 * library.
 */
export const Markdown = ({ text }: { text: string }) => (
  <div className="max-w-3xl leading-relaxed [overflow-wrap:anywhere] [&_a]:text-accent-text [&_a]:underline [&_a]:underline-offset-2 [&_blockquote]:border-l-2 [&_blockquote]:border-line-strong [&_blockquote]:pl-4 [&_blockquote]:text-ink-muted [&_code]:rounded [&_code]:bg-sunken [&_code]:px-1 [&_code]:font-mono [&_code]:text-[0.9em] [&_h1]:mt-6 [&_h1]:mb-2 [&_h1]:text-xl [&_h1]:font-semibold [&_h2]:mt-6 [&_h2]:mb-2 [&_h2]:text-lg [&_h2]:font-semibold [&_h3]:mt-4 [&_h3]:mb-1 [&_h3]:font-semibold [&_hr]:my-6 [&_hr]:border-line [&_img]:max-w-full [&_img]:rounded-md [&_li]:my-1 [&_ol]:my-3 [&_ol]:list-decimal [&_ol]:pl-6 [&_p]:my-3 [&_pre]:my-3 [&_pre]:overflow-x-auto [&_pre]:rounded-lg [&_pre]:bg-sunken [&_pre]:p-3 [&_pre_code]:bg-transparent [&_pre_code]:p-0 [&_table]:my-3 [&_td]:border [&_td]:border-line [&_td]:px-2.5 [&_td]:py-1 [&_th]:border [&_th]:border-line [&_th]:px-2.5 [&_th]:py-1 [&_th]:text-left [&_ul]:my-3 [&_ul]:list-disc [&_ul]:pl-6 [&>:first-child>:first-child]:mt-0 [&>:first-child]:mt-0">
    <MarkdownToJsx options={OPTIONS}>{text}</MarkdownToJsx>
  </div>
);

const OPTIONS = {
  disableParsingRawHTML: true,
  forceBlock: true,
  overrides: {
    a: { props: { target: '_blank', rel: 'noreferrer nofollow' } },
    // What scrolls sideways has to be reached by keyboard.
    pre: { props: { tabIndex: 0 } },
  },
} as const;
