import type { Template } from './template';

/** To each individual, or to the next of kin. 45 CFR 164.404(c)(1)(A)-(E), in plain language as (c)(2) asks. */
export const individual1: Template = {
  id: 'individual-1',
  subject: 'What happened to your health information',
  sections: [
    {
      unless: 'deceased_name',
      paragraphs: [
        'Dear {{addressee}},',
        'We are writing to tell you about a problem with the privacy of your health information. We are sorry that it happened. This letter says what happened, what it means for you, and what you can do.',
      ],
    },
    {
      when: 'deceased_name',
      paragraphs: [
        'Dear {{addressee}},',
        'We are writing to you as the next of kin or personal representative of {{deceased_name}}. There was a problem with the privacy of their health information. We are sorry that it happened. Where this letter says "you", it means them.',
      ],
    },
    {
      // (A)
      heading: 'What happened',
      paragraphs: ['{{what_happened}}', 'This happened {{breach_dates}}. We found out on {{discovery_date}}.'],
    },
    {
      // (B)
      heading: 'What information was involved',
      paragraphs: ['{{information}}'],
    },
    {
      // (C)
      heading: 'What you can do',
      paragraphs: ['{{protect_yourself}}'],
    },
    {
      // (D)
      heading: 'What we are doing',
      paragraphs: ['{{investigation}}', '{{mitigation}}', '{{prevention}}'],
    },
    {
      // (E)
      heading: 'How to reach us',
      paragraphs: ['{{contact}}'],
    },
    { paragraphs: ['Sincerely,', '{{signatory}}', '{{organization_name}}'] },
  ],
};
